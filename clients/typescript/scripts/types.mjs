// The OpenRPC document on standard input, src/procedures.ts on standard output: `make types`.
import { compile } from "json-schema-to-typescript";
import { text } from "node:stream/consumers";

const HEADER = `// Made by \`make types\` from the service's OpenRPC document: change the schemas there, not this file.
import type { TRPCMutationProcedure, TRPCQueryProcedure } from "@trpc/server";
`;

// What the API document's own examples take for granted, though the service leaves it out where it has nothing to say:
// \`window.location.href = authUrl\`.
const TAKEN_FOR_GRANTED = {
  "integration.connect": {
    authUrl: "Where to send the user. Only there while a consent is waited for: not with an authCode, and not with keys.",
  },
};

const document = JSON.parse(await text(process.stdin));
process.stdout.write(await typesOf(document));

async function typesOf({ methods, components }) {
  const definitions = { ...components.schemas };
  for (const method of methods) {
    definitions[`${typeName(method.name)}Input`] = inputOf(method);
    definitions[`${typeName(method.name)}Output`] = outputOf(method);
  }
  // json-schema-to-typescript wants a root; it is cut off again, and so are its words about it.
  const root = { title: "Root", type: "object", definitions: withoutLengths(definitions) };
  const types = await compile(root, "Root", {
    additionalProperties: false,
    bannerComment: "",
    unreachableDefinitions: true,
    style: { printWidth: 120 },
  });
  const ours = types
    .replace("export interface Root {}\n", "")
    .replaceAll(/\/\*\*\n \* This interface was referenced by [^/]*\*\/\n/g, "")
    .replaceAll(/ \*\n \* This interface was referenced by [^/]*\*\//g, " */");
  return `${HEADER}\n${ours}\n${recordOf(methods)}`;
}

/** Types do not tell how long a list is; and components are definitions here. */
function withoutLengths(definitions) {
  const kept = (name, value) => (name === "minItems" || name === "maxItems" ? undefined : value);
  return JSON.parse(JSON.stringify(definitions, kept).replaceAll("#/components/schemas/", "#/definitions/"));
}

function inputOf({ params, summary }) {
  return {
    type: "object",
    description: summary,
    properties: Object.fromEntries(params.map(({ name, schema }) => [name, described(schema)])),
    required: params.filter(({ required }) => required).map(({ name }) => name),
    additionalProperties: false,
  };
}

function outputOf({ name, result: { schema } }) {
  const granted = TAKEN_FOR_GRANTED[name] ?? {};
  const properties = { ...schema.properties };
  for (const [member, description] of Object.entries(granted)) properties[member] = { ...properties[member], description };
  return { ...schema, properties, required: [...(schema.required ?? []), ...Object.keys(granted)] };
}

/** A default is what a caller may leave out; the comment says what it is then. */
function described(schema) {
  return "default" in schema ? { ...schema, description: `${JSON.stringify(schema.default)} where nothing is said.` } : schema;
}

/** `integration.getStatus` is IntegrationGetStatus. */
function typeName(method) {
  return method.split(".").map((word) => word[0].toUpperCase() + word.slice(1)).join("");
}

function recordOf(methods) {
  const routers = {};
  for (const { name, tags } of methods) {
    const [router, procedure] = name.split(".");
    const kind = tags.some((tag) => tag.name === "query") ? "TRPCQueryProcedure" : "TRPCMutationProcedure";
    const types = `{ meta: object; input: ${typeName(name)}Input; output: ${typeName(name)}Output }`;
    (routers[router] ??= []).push(`    ${procedure}: ${kind}<${types}>;`);
  }
  const records = Object.entries(routers).map(([router, lines]) => `  ${router}: {\n${lines.join("\n")}\n  };`);
  return `/** Every procedure, as tRPC's routers hold them. */\nexport type IntegrationsRecord = {\n${records.join("\n")}\n};\n`;
}
