import { execFileSync } from 'node:child_process';
import { cpSync, existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';
import { QUIET, WORKER_ENTRY, wasmKernels, workerAddress } from './vite.kernels.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const entries = ['index', 'text', 'webgpu', 'element', 'lens', 'bench', 'cli', 'engine'];

/** Puts the embedded model beside the built page; the dev server finds it through its own root. */
function copyModel(): Plugin {
  return {
    name: 'copy-model',
    apply: 'build',
    closeBundle() {
      for (const file of ['config.json', 'tokenizer.json', 'model.safetensors', 'manifest.json'])
        if (existsSync(here(`models/minilm-sst2/${file}`)))
          cpSync(here(`models/minilm-sst2/${file}`), here(`dist/demo/models/minilm-sst2/${file}`));
    },
  };
}

/** The commit that is built; empty where git is not there, or this is no checkout. */
function commit(): string {
  if (!existsSync(here('.git'))) return '';
  try {
    return execFileSync('git', ['rev-parse', '--short=12', 'HEAD'], { cwd: here('.'), encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    return '';
  }
}

/** `--mode library` builds the package's entry points; otherwise the demo page. */
export default defineConfig(({ mode }) =>
  mode === 'library'
    ? {
        plugins: [wasmKernels(), workerAddress()],
        build: {
          outDir: 'dist',
          emptyOutDir: true,
          target: 'es2023',
          minify: false,
          ssr: true,
          rolldownOptions: {
            checks: QUIET,
            input: {
              ...Object.fromEntries(entries.map((name) => [name, here(`src/${name}.ts`)]).filter(([, path]) => existsSync(path))),
              [WORKER_ENTRY]: here('src/compute/wasm/worker.ts'),
            },
            external: [/^node:/, 'fflate', '@huggingface/jinja', 'webgpu', 'onnxruntime-web', '@sparticuz/chromium'],
            output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
          },
        },
      }
    : {
        root: here('demo'),
        base: './',
        server: { fs: { allow: [here('.')] } },
        worker: { format: 'es', plugins: () => [wasmKernels()], rolldownOptions: { checks: QUIET } },
        define: { __COMMIT__: JSON.stringify(commit()) },
        build: {
          outDir: here('dist/demo'),
          emptyOutDir: true,
          target: 'es2023',
          assetsInlineLimit: 0,
          rolldownOptions: { checks: QUIET, input: [here('demo/index.html'), here('demo/bench.html')] },
        },
        plugins: [wasmKernels(), copyModel()],
        test: {
          root: here('.'),
          include: ['test/**/*.test.ts'],
          globalSetup: 'test/support/global-setup.ts',
          testTimeout: 120_000,
          hookTimeout: 180_000,
          maxWorkers: 2,
          reporters: ['default'],
        },
      },
);
