// The client as a page gets it: bundled and minified, with what its owner has already left out. What it imports and its
// size, gzipped, go to standard output.
import { build } from "esbuild";
import { gzipSync } from "node:zlib";

const { outputFiles, metafile } = await build({
  entryPoints: ["dist/index.js"],
  bundle: true,
  minify: true,
  format: "esm",
  platform: "browser",
  packages: "external",
  write: false,
  metafile: true,
});
const [{ imports }] = Object.values(metafile.outputs);
const gzippedBytes = gzipSync(outputFiles[0].contents, { level: 9 }).length;
console.log(JSON.stringify({ imports: [...new Set(imports.map(({ path }) => path))], gzippedBytes }));
