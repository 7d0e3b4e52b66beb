"""The handler of jobs of the kind `export`: assets are written to the provider, chunk by chunk."""

from koko_integrations.assets.names import with_ending
from koko_integrations.assets.rows import StoredAsset, read_assets
from koko_integrations.assets.store import AssetStore, StoredFile
from koko_integrations.jobs.job import Job
from koko_integrations.registry import Registry
from koko_integrations.transfers.files import JobFile
from koko_integrations.transfers.progress import Transfer
from koko_integrations.transfers.running import run_job
from koko_integrations.transfers.work import FileWork, Parts
from providers.kit.checksums import Sums
from providers.kit.connection import Connection
from providers.kit.errors import ProtocolBroken, ProviderError, Rejected, StartOver
from providers.kit.transfers import Algorithm, Session, Upload, Uploaded, WritesFiles

TRIES = 3
"""How often an upload is begun again that the provider has lost."""
PREFERRED: tuple[Algorithm, ...] = ("sha256", "md5", "dropbox", "sha1", "quickxor")
"""Of the checksums that a provider gives of what it has, the first of these is compared."""
BUFFER_BYTES = 1024 * 1024


class Exporter:
    """Exports the assets of one job after another."""

    def __init__(self, parts: Parts, registry: Registry, store: AssetStore) -> None:
        self._parts = parts
        self._registry = registry
        self._store = store

    async def __call__(self, job: Job) -> None:
        await run_job(self._parts, job, "export", self._export, self._abandon)

    async def _export(self, work: FileWork, file: JobFile) -> None:
        provider = self._registry.find(work.integration.provider)
        assert isinstance(provider, WritesFiles), "an export is only asked for where files can be written"
        assets = await read_assets(self._parts.database, [str(file.asset_id)])
        if not assets:
            raise Rejected("The asset has been deleted in Koko")
        asset = assets[str(file.asset_id)]
        name = with_ending(asset.name, asset.original_file_name)
        request = work.job.request
        upload = Upload(
            name=name,
            size=asset.file_size,
            mime_type=asset.mime_type,
            folder=request.get("folderId"),
            conflict=request["onConflict"],
        )
        await work.keep(file._replace(status="running", name=name, size=asset.file_size))
        for attempt in range(TRIES):
            try:
                uploaded = await self._send(work, provider, work.files[file.number], asset, upload)
                break
            except StartOver:
                if attempt == TRIES - 1:
                    raise
                await work.keep(work.files[file.number]._replace(session=None, done_bytes=0))
        await self._verify(work, asset, uploaded)
        done = work.files[file.number]._replace(
            status="done", name=uploaded.name, external_path=uploaded.path, done_bytes=asset.file_size, session=None
        )
        await work.keep(done)

    async def _send(
        self, work: FileWork, provider: WritesFiles, file: JobFile, asset: StoredAsset, upload: Upload
    ) -> Uploaded:
        session = await self._open(work, provider, file, upload)
        size = provider.chunk_size(upload)
        async with work.transferring(file) as transfer:
            transfer.done = session.offset
            stored = await self._parts.on_thread(self._store.open, asset.storage_key, session.offset)
            position = session.offset
            try:
                while True:
                    transfer.check()
                    if position != session.offset:
                        stored.close()
                        stored = await self._parts.on_thread(self._store.open, asset.storage_key, session.offset)
                        position = session.offset
                    chunk = await self._parts.on_thread(_read, stored, min(size, asset.file_size - position))
                    position += len(chunk)
                    answer = await self._send_chunk(work, provider, upload, session, chunk, transfer)
                    if isinstance(answer, Uploaded):
                        return answer
                    session = answer
                    await self._keep_session(work, file.number, session, transfer)
            finally:
                stored.close()

    async def _open(self, work: FileWork, provider: WritesFiles, file: JobFile, upload: Upload) -> Session:
        """The upload of an earlier attempt, as far as it has come; or a new one."""
        if file.session is not None:
            known = Session(token=work.unseal(file), offset=file.done_bytes)

            def resume_upload(connection: Connection) -> Session:
                return provider.resume_upload(connection, upload, known)

            return await work.patience.ask(resume_upload)

        def begin_upload(connection: Connection) -> Session:
            return provider.begin_upload(connection, upload)

        session = await work.patience.ask(begin_upload)
        await self._keep_session(work, file.number, session, None)
        return session

    async def _send_chunk(
        self,
        work: FileWork,
        provider: WritesFiles,
        upload: Upload,
        session: Session,
        chunk: bytes,
        transfer: Transfer,
    ) -> Session | Uploaded:
        def upload_chunk(connection: Connection) -> Session | Uploaded:
            with transfer.interruptible():
                return provider.upload_chunk(connection, upload, session, chunk)

        return await work.patience.ask(upload_chunk)

    async def _keep_session(self, work: FileWork, number: int, session: Session, transfer: Transfer | None) -> None:
        if transfer is not None:
            transfer.done = session.offset
        file = work.files[number]
        await work.keep(file._replace(session=work.seal(file, session.token), done_bytes=session.offset))

    async def _verify(self, work: FileWork, asset: StoredAsset, uploaded: Uploaded) -> None:
        """Raises ProtocolBroken where the provider has something else than was sent."""
        name = work.name
        if uploaded.size is not None and uploaded.size != asset.file_size:
            raise ProtocolBroken(f"{name} has {uploaded.size} bytes of a file of {asset.file_size}")
        algorithm = next((one for one in PREFERRED if one in uploaded.checksums), None)
        if algorithm is not None:
            expected = await self._parts.on_thread(self._sum, work, asset, algorithm)
            if expected != uploaded.checksums[algorithm]:
                raise ProtocolBroken(f"The file arrived damaged: its {algorithm} at {name} is not that of the asset")

    def _sum(self, work: FileWork, asset: StoredAsset, algorithm: Algorithm) -> str:
        sums = Sums([algorithm])
        buffer = memoryview(bytearray(BUFFER_BYTES))
        with self._store.open(asset.storage_key) as stored:
            while count := stored.readinto(buffer):
                work.check()
                sums.update(buffer[:count])
        return sums.digests()[algorithm]

    async def _abandon(self, work: FileWork, file: JobFile) -> None:
        provider = self._registry.find(work.integration.provider)
        if file.session is None or not isinstance(provider, WritesFiles):
            return
        try:
            session = Session(token=work.unseal(file), offset=file.done_bytes)
        except StartOver:
            return

        def abandon_upload(connection: Connection) -> None:
            provider.abandon_upload(connection, session)

        try:
            await self._parts.live.use(work.integration, abandon_upload, insist=True)
        except ProviderError as error:
            # It ends by itself, some time later.
            work.error(f"“{file.name}”: what had been sent could not be taken back: {error.explained}")


def _read(stored: StoredFile, size: int) -> bytes:
    buffer = bytearray(size)
    count = stored.readinto(memoryview(buffer))
    if count < size:
        raise Rejected("The asset's file in the store is shorter than its row says")
    return bytes(buffer)
