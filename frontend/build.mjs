// Bundles the page into one script and one style sheet: `node build.mjs [folder]`.
import { build } from "esbuild";

const outdir = process.argv[2] ?? "../src/autoencode/explorer/static";

await build({
  entryPoints: { explorer: "src/main.ts" },
  outdir,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  legalComments: "inline",
  logLevel: "warning",
});
