"""The consent page that a person sees at a stand-in."""

from html import escape

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>
:root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }}
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; background: Canvas; color: CanvasText }}
main {{ width: min(26rem, 90vw); padding: 2rem; border: 1px solid color-mix(in srgb, CanvasText 20%, Canvas);
  border-radius: 1rem }}
h1 {{ font-size: 1.25rem; margin: 0 0 1rem }}
small {{ opacity: .75 }}
button {{ font: inherit; padding: .5rem 1.25rem; border-radius: .5rem; border: 1px solid #3b5bdb; cursor: pointer }}
button[value=allow] {{ background: #3b5bdb; color: #fff }}
button[value=deny] {{ background: none; color: inherit }}
form {{ display: flex; gap: .75rem; margin-top: 1.5rem }}
</style></head><body><main><small>Sandbox: a stand-in of {provider}</small>{body}</main></body></html>
"""


def consent_page(provider: str, account: str, scopes: tuple[str, ...]) -> str:
    """Asks whether Koko may have these scopes in this account."""
    asked = "".join(f"<li><code>{escape(scope)}</code></li>" for scope in scopes)
    body = (
        f"<h1>Koko asks for access to {escape(account)}</h1>"
        + (f"<p>It wants to use:</p><ul>{asked}</ul>" if asked else "<p>It asks for its usual access.</p>")
        + '<form method="post"><button name="decision" value="allow">Allow</button>'
        '<button name="decision" value="deny">Cancel</button></form>'
    )
    return _PAGE.format(title=f"Allow Koko in {escape(provider)}?", provider=escape(provider), body=body)


def problem_page(provider: str, problem: str) -> str:
    """Says what is wrong with the request that brought the browser here."""
    body = f"<h1>This request cannot be answered</h1><p>{escape(problem)}</p>"
    return _PAGE.format(title="Something is wrong", provider=escape(provider), body=body)
