"""The mapped fields of a task that a trigger makes: what mapFields says, as the sync would write them."""

from koko_integrations.connections.asking import Asker
from koko_integrations.database import Database
from koko_integrations.integration import Integration
from koko_integrations.mapping import records, rows
from koko_integrations.mapping.records import read_record
from koko_integrations.mapping.rows import goes_both_ways
from koko_integrations.mapping.values import Evaluator, ValueFailed, fingerprint
from koko_integrations.scripts.runner import ScriptRunner
from koko_integrations.sync import passes
from koko_integrations.sync.items import Place
from koko_integrations.sync.mapped import Worked, read_fields, resolve
from providers.kit.base import PushesItems
from providers.kit.connection import Connection
from providers.kit.field_values import ExternalField
from providers.kit.fields import MapsFields


class FieldWorker:
    """Works out fields of comments' tasks."""

    def __init__(self, database: Database, scripts: ScriptRunner, asker: Asker, web_url: str) -> None:
        self._database = database
        self._scripts = scripts
        self._asker = asker
        self._web_url = web_url

    async def work_out(
        self, target: Integration, provider: PushesItems, container: str, comment_id: str, *, may_ask: bool
    ) -> Worked | ValueFailed | None:
        """What the task of a comment is to be made with; None where nothing is mapped, or where the provider takes
        fields only afterwards: then the next sync writes them. Which fields there are is asked where no sync has asked
        yet, if it may be asked. Raises ProviderError."""
        if not isinstance(provider, MapsFields) or not provider.fields_with_draft:
            return None
        mappings = await rows.read(self._database, target.id)
        row = await self._database.read_one(records.ONE, comment_id=comment_id) if mappings else None
        fields = None if row is None else await self._fields(target, provider, container, may_ask=may_ask)
        if row is None or fields is None:
            return None
        resolved, _ = resolve(mappings, fields)
        record = read_record(row, self._web_url)
        values = (await Evaluator(self._scripts, target.id).values(resolved, [record]))[0]
        if isinstance(values, ValueFailed):
            return values
        reads = frozenset(one.field.id for one in resolved if goes_both_ways(one.mapping, one.field))
        return Worked(values, fingerprint(resolved, record), reads)

    async def _fields(
        self, target: Integration, provider: MapsFields, container: str, *, may_ask: bool
    ) -> list[ExternalField] | None:
        place = Place(target.id, "fields", container)
        kept = await self._database.write(lambda tx: passes.get_note(tx, place))
        if kept is not None:
            return read_fields(kept)
        if not may_ask:
            return None

        def list_fields(connection: Connection) -> list[ExternalField]:
            return provider.list_fields(connection, container)

        return await self._asker.ask(target, list_fields)
