"""The handler of jobs of the kind `import`: each file is looked at, fetched, verified, and only then shown in Koko."""

from koko_integrations.assets.kinds import mime_type_of
from koko_integrations.assets.names import safe_name
from koko_integrations.assets.staging import Staging
from koko_integrations.assets.store import StoreUnavailable
from koko_integrations.ids import new_id
from koko_integrations.jobs.job import Job
from koko_integrations.jobs.patience import BACKOFF_S
from koko_integrations.registry import Registry
from koko_integrations.transfers import files
from koko_integrations.transfers.fetching import Fetched, Mismatch, fetch
from koko_integrations.transfers.files import JobFile
from koko_integrations.transfers.landing import Landing
from koko_integrations.transfers.running import run_job
from koko_integrations.transfers.work import FileWork, Parts
from providers.kit.connection import Connection
from providers.kit.errors import Changed, ProviderError, Rejected, Transient
from providers.kit.transfers import ReadsFiles, RemoteFile

MAX_FILE_BYTES = 5 * 1024**3
"""koko.md: a video may have 5 GB. Nothing else may be larger."""
TRIES = 3
"""How often a file is begun again that changes under our hands, or comes damaged."""
WORTH_GOING_ON_BYTES = 16 * 1024 * 1024
"""A connection that brought so much before it broke is worth another one; what is smaller may be fetched twice."""
BUSY_WAIT_S = 2.0


class Importer:
    """Imports the files of one job after another."""

    def __init__(self, parts: Parts, registry: Registry, staging: Staging, landing: Landing) -> None:
        self._parts = parts
        self._registry = registry
        self._staging = staging
        self._landing = landing

    async def __call__(self, job: Job) -> None:
        async def one(work: FileWork, file: JobFile) -> None:
            provider = self._registry.find(work.integration.provider)
            assert isinstance(provider, ReadsFiles), "an import is only asked for where there is something to read"
            await self._import(work, provider, file)

        await run_job(self._parts, job, "import", one, self._abandon)

    async def _import(self, work: FileWork, provider: ReadsFiles, file: JobFile) -> None:
        if file.status == "landing":
            if await self._landing.still_has(work, file):
                await self._land(work, file)
                return
            # A power cut, or another machine: what had been verified is not here any more.
            await self._parts.on_thread(self._staging.discard, file.job_id, file.number)
            file = file._replace(done_bytes=0)
        for attempt in range(TRIES):
            remote = await self._find(work, provider, file)
            async with work.alone(remote.id, remote.version):
                file = await self._begin(work, file, remote)
                if file.is_finished:
                    return
                try:
                    await self._bring(work, provider, file, remote)
                except (Changed, Mismatch):
                    # What has come is of no version that there is.
                    await self._parts.on_thread(self._staging.discard, file.job_id, file.number)
                    file = work.files[file.number]._replace(done_bytes=0)
                    if attempt == TRIES - 1:
                        raise
                else:
                    return

    async def _bring(self, work: FileWork, provider: ReadsFiles, file: JobFile, remote: RemoteFile) -> None:
        fetched = await self._fetch(work, provider, file, remote)
        file = work.files[file.number]._replace(
            status="landing", size=fetched.size, done_bytes=fetched.size, sha256=fetched.sha256
        )
        if fetched.size < WORTH_GOING_ON_BYTES:
            # After a crash it is fetched once more: that costs less than to have it written down each time.
            work.files[file.number] = file
        else:
            await work.keep(file)
        await self._land(work, file)

    async def _find(self, work: FileWork, provider: ReadsFiles, file: JobFile) -> RemoteFile:
        path = str(file.external_path)

        def find_file(connection: Connection) -> RemoteFile:
            return provider.find_file(connection, path)

        remote = await work.patience.ask(find_file)
        if remote.size is not None and remote.size > MAX_FILE_BYTES:
            raise Rejected(f"The file has {remote.size / 1e9:.1f} GB; Koko takes up to 5 GB")
        return remote

    async def _begin(self, work: FileWork, file: JobFile, remote: RemoteFile) -> JobFile:
        """The file, as it is to be fetched; as skipped where the project has this version already."""
        if file.version is not None and file.version != remote.version:
            await self._parts.on_thread(self._staging.discard, file.job_id, file.number)
        file = file._replace(
            status="running",
            name=safe_name(remote.name),
            external_id=remote.id,
            version=remote.version,
            size=remote.size,
            mime_type=mime_type_of(remote.name, remote.mime_type),
            asset_id=file.asset_id or new_id("asset"),
        )
        there = await files.find_imported(
            self._parts.database, work.integration.id, work.job.request["projectId"], remote.id, remote.version
        )
        if there is not None:
            asset_id, video_id = there
            file = file._replace(status="skipped", asset_id=asset_id, video_id=video_id, done_bytes=0, size=None)
        await work.keep(file)
        return file

    async def _fetch(self, work: FileWork, provider: ReadsFiles, file: JobFile, remote: RemoteFile) -> Fetched:
        async with work.transferring(file) as transfer:

            def fetch_file(connection: Connection) -> Fetched:
                with self._staging.writing(file.job_id, file.number, remote.size) as staged:
                    return fetch(provider, connection, remote, staged, transfer, MAX_FILE_BYTES)

            while True:
                before = transfer.done
                try:
                    return await work.patience.ask(fetch_file)
                except StoreUnavailable:
                    await self._parts.clock.sleep(BUSY_WAIT_S)
                except Transient:
                    if not remote.resumable or transfer.done - before < WORTH_GOING_ON_BYTES:
                        raise

    async def _land(self, work: FileWork, file: JobFile) -> None:
        async with work.transferring(file) as transfer:
            for wait_s in (*BACKOFF_S, None):
                try:
                    await self._landing.land(work, work.files[file.number], transfer)
                    return
                except StoreUnavailable:
                    if wait_s is None:
                        raise
                    await self._parts.clock.sleep(wait_s)

    async def _abandon(self, work: FileWork, file: JobFile) -> None:
        """What is not in Koko is nowhere, and what is there is not staged."""
        try:
            await self._parts.on_thread(self._staging.discard, file.job_id, file.number)
            # A small one may be in the store without a word of it in our rows: see `_import`.
            if file.asset_id is not None and file.status not in ("done", "skipped"):
                await self._landing.abandon(work, file)
        except (ProviderError, OSError) as error:
            said = error.explained if isinstance(error, ProviderError) else str(error.strerror or error)
            work.error(f"{file.name}: what had come of it could not be removed: {said}")
