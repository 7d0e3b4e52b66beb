"""The page on which somebody at the demo reads what a channel was told."""

import requests

from sandbox.discord import PASTED
from tests.notifications.channels import COMMENT, SAID, Channels
from tests.service import ORIGIN
from tests.sync.team import VIDEO

SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)>"


def test_the_page_and_its_json(channels: Channels) -> None:
    base = channels.sandbox.hosting.urls["slack"]
    empty = requests.get(f"{base}/_sandbox/messages.html", timeout=10)
    assert "Nothing has been posted yet" in empty.text
    channel = channels.join("slack")
    channels.tell(channel)
    channels.koko.change(COMMENT, text=SCRIPT)
    channels.tell(channel)
    page = requests.get(f"{base}/_sandbox/messages.html", timeout=10)
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "<h2>general</h2>" in page.text
    assert SAID in page.text
    assert f'href="{ORIGIN}/videos/{VIDEO}?t=4.2&amp;comment={COMMENT}"' in page.text
    assert SCRIPT not in page.text
    assert "&lt;script&gt;alert(1)" in page.text
    first, second = requests.get(f"{base}/_sandbox/messages", timeout=10).json()
    assert (first["channel"], first["thread"], first["notified"]) == ("general", None, [])
    assert second["thread"] == first["id"]
    assert SCRIPT in second["lines"]


def test_a_witness_that_would_notice(channels: Channels) -> None:
    """The stand-ins see mentions and links where there are some."""
    channel = channels.join("slack")
    token = channels.sandbox.slack.oauth.tokens[0].access
    base = channels.sandbox.hosting.urls["slack"]
    form = {"channel": channel.channel_id, "text": "<!channel> and <@U1>, see <https://evil.example|this>"}
    headers = {"authorization": f"Bearer {token}"}
    assert requests.post(f"{base}/api/chat.postMessage", data=form, headers=headers, timeout=10).json()["ok"]
    assert set(channel.messages.all[0].notified) == {"!channel", "@U1"}
    assert channel.messages.all[0].links == [("this", "https://evil.example")]
    discord = channels.join("discord")
    url = "/".join((channels.sandbox.hosting.urls["discord"], "api/v10/webhooks", *PASTED))
    body = {"content": "@everyone", "embeds": [{"description": "[x](https://evil.example)"}]}
    assert requests.post(url, json=body, params={"wait": "true"}, timeout=10).ok
    assert discord.messages.all[0].notified == ["@everyone"]
    assert discord.messages.all[0].links == [("x", "https://evil.example")]
