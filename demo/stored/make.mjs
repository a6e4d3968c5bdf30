// Makes acting.json, the explanation that the page shows before anything has loaded: `npm run build && node demo/stored/make.mjs`.
// On the CPU in WebAssembly, which every machine has: on another device the result would show another adapter's name, not other numbers.
import { readFileSync, writeFileSync } from 'node:fs';

const { explainer } = await import(new URL('../../dist/text.js', import.meta.url));
const { lookOf } = await import(new URL('../../dist/element.js', import.meta.url));

const TEXT = 'Her acting never fails to impress, but the plot is not bad, not great.';
const ex = await explainer('text-classification', undefined, { device: 'wasm' });
const looks = [];
let explanation;
for await (const snapshot of ex.explain(TEXT, { budget: 1024, seed: 7 })) {
  explanation = snapshot;
  looks.push(lookOf(snapshot));
  process.stderr.write(`${snapshot.fit.queries} passes, R² ${snapshot.fit.r2.toFixed(3)}\n`);
}
const digits = (_key, value) => (typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(7)) : value);
const file = new URL('acting.json', import.meta.url);
writeFileSync(file, `${JSON.stringify({ explanation, looks }, digits)}\n`);
process.stderr.write(`${file.pathname}: ${readFileSync(file).length} bytes\n`);
ex.destroy();
process.exit(0);
