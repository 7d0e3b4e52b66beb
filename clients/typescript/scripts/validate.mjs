// Says of the OpenRPC document on standard input what is wrong with it, by OpenRPC's own tools: the document against its
// meta-schema, every reference, and the params of each example against the schemas of its method.
import { MethodCallValidator, parseOpenRPCDocument } from "@open-rpc/schema-utils-js";
import { text } from "node:stream/consumers";

const document = await parseOpenRPCDocument(JSON.parse(await text(process.stdin)));
const validator = new MethodCallValidator(document);
for (const { name, examples } of document.methods) {
  for (const example of examples ?? []) {
    const params = Object.fromEntries(example.params.map((param) => [param.name, param.value]));
    const problems = validator.validate(name, params);
    if (problems.length > 0) throw problems[0];
  }
}
console.log(`${document.methods.length} methods`);
