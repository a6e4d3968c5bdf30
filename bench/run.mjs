#!/usr/bin/env node
// Builds the benchmarks against the sources of this checkout, and runs them: node run.mjs [ROW…] [--json] [--rounds N] [--in PLACE,…]
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
if (process.env.BENCH_BUILT) {
  const { main } = await import('./build/node/main.js');
  process.exitCode = await main(process.argv.slice(2), here('.'));
} else if (!existsSync(here('node_modules/onnxruntime-web'))) {
  process.stderr.write('bench: expected the peers in bench/node_modules, got none; run npm ci at the root, then npm ci --prefix bench\n');
  process.exitCode = 2;
} else {
  const { build } = await import('vite');
  for (const mode of ['node', 'page']) await build({ configFile: here('vite.config.ts'), mode, logLevel: 'warn' });
  const { environment } = await import('./build/node/main.js');
  // The Vulkan loader is found through a path that is read when a process starts.
  const env = { ...process.env, ...(await environment()), BENCH_BUILT: '1' };
  process.exitCode = spawnSync(process.execPath, [here('run.mjs'), ...process.argv.slice(2)], { env, stdio: 'inherit' }).status ?? 1;
}
