"""From a staging file that is whole into Koko: an asset in the store or a video at Bunny Stream, with its row."""

from io import FileIO

from koko_integrations.assets.bunny import Bunny, VideoUpload
from koko_integrations.assets.kinds import is_video
from koko_integrations.assets.names import safe_name
from koko_integrations.assets.rows import NewAsset, NewVideo, add_asset, add_video
from koko_integrations.assets.staging import Staging
from koko_integrations.assets.store import AssetMissing, AssetStore, StoredFile
from koko_integrations.database import Transaction
from koko_integrations.transfers import files
from koko_integrations.transfers.files import JobFile
from koko_integrations.transfers.progress import Transfer
from koko_integrations.transfers.work import FileWork, Parts
from providers.kit.checksums import Sums
from providers.kit.errors import StartOver

BUFFER_BYTES = 1024 * 1024
TRIES = 3
"""How often an upload is begun again that Bunny Stream has forgotten."""


class Landing:
    """Each step may be done again after a crash, and comes to the same."""

    def __init__(self, parts: Parts, store: AssetStore, staging: Staging, bunny: Bunny | None) -> None:
        self._parts = parts
        self._store = store
        self._staging = staging
        self._bunny = bunny

    async def land(self, work: FileWork, file: JobFile, transfer: Transfer) -> None:
        """The file is in Koko when this returns. Raises StoreError, ProviderError, StoppedError, OvertakenError, and
        CancelledError once it is there."""
        mime_type = str(file.mime_type)
        # Of no bytes no video can be made.
        if self._bunny is not None and is_video(mime_type) and file.size:
            await self._land_video(self._bunny, work, file, transfer)
        else:
            await self._land_asset(work, file, mime_type, transfer)

    async def still_has(self, work: FileWork, file: JobFile) -> bool:
        """Whether the bytes that were verified are there, staged or in the store already."""
        return file.sha256 is not None and await self._parts.on_thread(self._sum, work, file) == file.sha256

    def _sum(self, work: FileWork, file: JobFile) -> str | None:
        sums, buffer = Sums(["sha256"]), memoryview(bytearray(BUFFER_BYTES))
        try:
            source: FileIO | StoredFile = FileIO(self._staging.path(file.job_id, file.number))
        except FileNotFoundError:
            try:
                source = self._store.open(self._key(work, file))
            except AssetMissing:
                return None
        with source:
            while count := source.readinto(buffer):
                work.check()
                sums.update(buffer[:count])
        return sums.digests()["sha256"]

    async def abandon(self, work: FileWork, file: JobFile) -> None:
        """What has been put away and is not shown gives its space back."""
        await self._parts.on_thread(self._store.delete, self._key(work, file))
        if self._bunny is not None and file.video_id is not None:
            await self._parts.on_thread(self._bunny.delete, file.video_id)

    async def _land_asset(self, work: FileWork, file: JobFile, mime_type: str, transfer: Transfer) -> None:
        staged = self._staging.path(file.job_id, file.number)

        def stop_when_told(_: int) -> None:
            transfer.check()

        key = self._key(work, file)
        url = await self._parts.on_thread(self._store.put, staged, key, mime_type, stop_when_told)
        request = work.job.request
        asset = NewAsset(
            id=str(file.asset_id),
            project_id=request["projectId"],
            uploaded_by=request["uploadedBy"],
            name=self._title(file),
            original_file_name=str(file.name),
            file_size=int(file.size or 0),
            mime_type=mime_type,
            storage_key=key,
            storage_url=url,
            folder_id=request.get("folderId"),
        )

        def show(tx: Transaction) -> None:
            add_asset(tx, asset)
            files.keep_imported(tx, work.integration.id, asset.project_id, file, work.now())

        await work.keep(work.files[file.number]._replace(status="done"), show)

    async def _land_video(self, bunny: Bunny, work: FileWork, file: JobFile, transfer: Transfer) -> None:
        on_thread, title = self._parts.on_thread, self._title(file)
        if file.video_id is None:
            file = work.files[file.number]._replace(video_id=await on_thread(bunny.create, title))
            await work.keep(file)
        video_id, size = str(file.video_id), int(file.size or 0)
        staged = self._staging.path(file.job_id, file.number)

        def stop_when_told(_: int) -> None:
            transfer.check()

        def send(video: VideoUpload) -> None:
            with transfer.interruptible():
                bunny.upload(staged, video, stop_when_told)

        for attempt in range(TRIES):
            if file.session is None:
                begun = await on_thread(bunny.begin, video_id, title, str(file.mime_type), size)
                file = work.files[file.number]._replace(session=work.seal(file, begun.url))
                await work.keep(file)
            try:
                await on_thread(send, VideoUpload(video_id, work.unseal(file), size))
                break
            except StartOver:
                file = work.files[file.number]._replace(session=None)
                if attempt == TRIES - 1:
                    raise
        project_id = work.job.request["projectId"]

        def show(tx: Transaction) -> None:
            add_video(tx, NewVideo(video_id, project_id, title), work.now())
            files.keep_imported(tx, work.integration.id, project_id, shown, work.now())

        shown = work.files[file.number]._replace(status="done", session=None, asset_id=None)
        await work.keep(shown, show)
        await on_thread(self._staging.discard, file.job_id, file.number)

    def _title(self, file: JobFile) -> str:
        """As it was asked for, or as the file is called."""
        return safe_name(file.title, str(file.name)) if file.title else str(file.name)

    def _key(self, work: FileWork, file: JobFile) -> str:
        return self._store.key_for(work.job.request["projectId"], str(file.asset_id), str(file.name))
