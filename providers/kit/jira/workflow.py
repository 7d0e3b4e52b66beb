"""The statuses of a Jira issue, and the transitions that lead from one to another.

Source: developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues, "Get transitions" and "Transition issue".
"""

from providers.kit.errors import Rejected
from providers.kit.jira.items import Entry, category, is_done, part
from providers.kit.jira.site import JiraSite


def status_of(site: JiraSite, issue_id: str) -> Entry:
    """The status that an issue is in. Raises ProviderError."""
    issue = site.call("GET", "issue", issue_id, params={"fields": "status"}).json_object()
    return part(part(issue, "fields"), "status")


def move(site: JiraSite, issue_id: str, wanted_id: str | None, *, done: bool) -> None:
    """Takes an issue from its status to the wanted one, or else to any in which it is done, or is not.

    Raises Rejected that says which transitions there are, or any ProviderError.
    """
    status = status_of(site, issue_id)
    if _rank(status, wanted_id, done=done) is not None:
        return
    body = site.call("GET", "issue", issue_id, "transitions").json_object()
    offered = [one for one in body.get("transitions") or () if isinstance(one, dict)]
    # One with a screen may ask for what Koko cannot answer.
    ranked = [
        (rank, bool(one.get("hasScreen")), one)
        for one in offered
        if one.get("isAvailable") is not False and (rank := _rank(part(one, "to"), wanted_id, done=done)) is not None
    ]
    if not ranked:
        wanted = f"to the status {wanted_id}" if wanted_id else "that finishes it" if done else "that reopens it"
        names = ", ".join(f"{one.get('name')} (to {part(one, 'to').get('name')})" for one in offered)
        raise Rejected(f"Jira offers no transition {wanted} from {status.get('name')}; it offers: {names or 'none'}")
    chosen: Entry = min(ranked, key=lambda one: one[:2])[2]
    site.call("POST", "issue", issue_id, "transitions", json={"transition": {"id": str(chosen.get("id"))}})


def _rank(status: Entry, wanted_id: str | None, *, done: bool) -> int | None:
    """How well a status will do, 0 best; None when it will not."""
    if wanted_id is not None:
        return 0 if status.get("id") == wanted_id else None
    if is_done(status) != done:
        return None
    # What is reopened is to be begun again.
    return int(not done and category(status) != "new")
