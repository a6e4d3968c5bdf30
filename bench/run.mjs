#!/usr/bin/env node
// Builds the benchmarks against the sources of this checkout, and runs them: node run.mjs [ROW…] [--json] [--rounds N] [--in node,chromium]
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
if (!existsSync(here('node_modules/onnxruntime-web'))) {
  process.stderr.write('bench: expected the peers in bench/node_modules, got none; run npm ci at the root, then npm ci --prefix bench\n');
  process.exit(2);
}
const { build } = await import('vite');
for (const mode of ['node', 'page']) await build({ configFile: here('vite.config.ts'), mode, logLevel: 'warn' });
const { main } = await import('./build/node/main.js');
process.exitCode = await main(process.argv.slice(2), here('.'));
