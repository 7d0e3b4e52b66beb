// What Koko's web client does with this service, as plainly as it can be written.

const CALLBACK = `${location.origin}/integrations/callback`;
const TEAM = "team_demo";
// Providers that are connected by keys, and what they ask for; the sandbox's own keys are filled in.
const KEY_FIELDS = { s3: ["accessKeyId", "secretAccessKey", "bucket", "region", "endpoint"] };
const find = (id) => document.getElementById(id);

function make(tag, text, properties = {}) {
  const element = Object.assign(document.createElement(tag), properties);
  if (text !== undefined) element.textContent = text;
  return element;
}

function toast(text, bad = false) {
  const output = find("toast");
  output.textContent = text;
  output.className = bad ? "bad" : "";
  output.hidden = false;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => { output.hidden = true; }, 8000);
}

async function call(method, params) {
  const response = await fetch(`${sessionStorage.service}/rpc`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${sessionStorage.token}` },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
  });
  const answer = await response.json();
  if (answer.error) throw new Error(answer.error.message);
  return answer.result;
}

function show(title, value) {
  const dialog = find("dialog");
  const close = make("button", "Close");
  close.onclick = () => dialog.close();
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  dialog.replaceChildren(make("h2", title), make("pre", text), close);
  dialog.showModal();
}

async function askForKeys(entry) {
  const dialog = find("dialog");
  const form = make("form");
  const example = (await (await fetch("/examples.json")).json())[entry.provider] ?? {};
  for (const name of KEY_FIELDS[entry.provider]) {
    const label = make("label", name);
    const type = name.startsWith("secret") ? "password" : "text";
    label.append(make("input", undefined, { name, type, value: example[name] ?? "", autocomplete: "off" }));
    form.append(label);
  }
  form.append(make("button", "Connect", { className: "primary" }));
  form.onsubmit = (event) => {
    event.preventDefault();
    dialog.close();
    const given = [...new FormData(form)].filter(([, value]) => value);
    act(() => connect(entry, { config: Object.fromEntries(given) }));
  };
  dialog.replaceChildren(make("h2", `Connect ${entry.providerName}`), form);
  dialog.showModal();
}

async function connect(entry, more) {
  const result = await call("integration.connect", { teamId: TEAM, provider: entry.provider, ...more });
  if (result.authUrl) {
    sessionStorage.provider = entry.provider;
    location.assign(result.authUrl);
    return;
  }
  toast(`${entry.providerName} is connected`);
  if (result.apiKey) show("Koko API key, shown this once", result.apiKey);
}

async function act(work) {
  const buttons = [...document.querySelectorAll("main button")];
  buttons.forEach((button) => { button.disabled = true; });
  try {
    await work();
  } catch (problem) {
    toast(problem.message, true);
  }
  await load();
}

function card(entry) {
  const article = make("article");
  const head = make("div");
  head.append(
    make("img", undefined, { src: entry.providerIcon, alt: "" }),
    make("h2", entry.providerName),
    make("span", entry.status, { className: `badge ${entry.status}` }),
  );
  const features = make("ul");
  features.append(...entry.features.map((feature) => make("li", feature)));
  const buttons = make("div", undefined, { className: "buttons" });
  const add = (text, work, className = "") => {
    const button = make("button", text, { className });
    button.onclick = work;
    buttons.append(button);
  };
  const id = { integrationId: entry.integrationId };
  if (entry.status !== "connected") {
    add("Connect", () => (KEY_FIELDS[entry.provider] ? askForKeys(entry) : act(() => connect(entry, { redirectUri: CALLBACK }))), "primary");
  }
  if (entry.integrationId) {
    add("Status", () => act(async () => show("Status", await call("integration.getStatus", id))));
  }
  if (entry.status === "connected" || entry.status === "error") {
    add("Test", () => act(async () => show("Test", await call("integration.test", id))));
    add("Disconnect", () => act(async () => {
      const { revoked, reason, advice } = await call("integration.disconnect", id);
      toast(["Disconnected.", revoked ? "Access is revoked." : `Access is not revoked: ${reason}.`, advice].filter(Boolean).join(" "));
    }));
  }
  article.append(head, make("p", entry.description), features, buttons);
  return article;
}

async function load() {
  try {
    const category = find("category").value || undefined;
    const { integrations } = await call("integration.list", { teamId: TEAM, category, status: find("status").value });
    find("list").replaceChildren(...(integrations.length ? integrations.map(card) : [make("p", "Nothing here.")]));
  } catch (problem) {
    toast(problem.message, true);
  }
}

async function finish(query) {
  if (!sessionStorage.token) {
    const text = query.has("code")
      ? `authCode: ${query.get("code")}\nstate: ${query.get("state")}\n\nPass both to integration.connect, with the same provider and redirectUri, to finish.`
      : `The provider answered: ${query.get("error")}`;
    find("list").replaceChildren(make("pre", text));
    return false;
  }
  history.replaceState(null, "", "/");
  if (query.has("error")) {
    toast(`Not connected: ${query.get("error")}`, true);
    return true;
  }
  try {
    const { integration } = await call("integration.connect", {
      teamId: TEAM,
      provider: sessionStorage.provider,
      authCode: query.get("code"),
      state: query.get("state") ?? undefined,
      redirectUri: CALLBACK,
    });
    toast(`${integration.providerName} is connected`);
  } catch (problem) {
    toast(problem.message, true);
  }
  return true;
}

const given = new URLSearchParams(location.hash.slice(1));
if (given.has("token")) {
  sessionStorage.token = given.get("token");
  sessionStorage.service = given.get("service");
  history.replaceState(null, "", "/");
}
const goOn = location.pathname === "/integrations/callback" ? await finish(new URLSearchParams(location.search)) : true;
if (!sessionStorage.token) {
  find("who").textContent = "Open this page by the link that `make run` prints: it carries a token.";
} else if (goOn) {
  find("who").textContent = `Team ${TEAM} on ${sessionStorage.service}`;
  find("filters").hidden = false;
  find("category").onchange = load;
  find("status").onchange = load;
  await load();
}
