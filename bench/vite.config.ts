import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { QUIET, wasmKernels } from '../vite.kernels.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const output = { format: 'es' as const, entryFileNames: '[name].js' };

/** `--mode node` builds the runner, `--mode page` what it runs in a browser. */
export default defineConfig(({ mode }) => ({
  root: here('.'),
  base: './',
  plugins: [wasmKernels()],
  worker: { format: 'es' as const, plugins: () => [wasmKernels()], rolldownOptions: { checks: QUIET } },
  build:
    mode === 'node'
      ? {
          outDir: here('build/node'),
          emptyOutDir: true,
          target: 'es2023',
          minify: false,
          ssr: true,
          rolldownOptions: {
            checks: QUIET,
            input: [here('src/main.ts')],
            external: [/^node:/, /^onnxruntime-/, 'puppeteer-core', 'fflate', 'webgpu'],
            output,
          },
        }
      : {
          outDir: here('build/page'),
          emptyOutDir: true,
          target: 'es2023',
          rolldownOptions: { checks: QUIET, input: [here('src/page.ts')], output },
        },
  test: { include: ['test/**/*.test.ts'], testTimeout: 120_000 },
}));
