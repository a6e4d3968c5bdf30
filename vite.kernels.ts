import { readdirSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { main } from 'assemblyscript/asc';
import { build, type Plugin } from 'vite';

const root = dirname(fileURLToPath(import.meta.url));
/** Compiling kernels takes most of a build's time, which is no news. */
export const QUIET = { pluginTimings: false };
/** Where the library build puts the worker, beside its entry points. */
export const WORKER_ENTRY = 'wasm-worker';
const WORKER_IMPORT = /new URL\(['"]\.\/worker\.ts['"], import\.meta\.url\)/;

/**
 * Compiles the WASM backend's parts that are not plain modules:
 * `x.ts?kernels` is the AssemblyScript program x.ts as base64, once with plain and once with relaxed SIMD;
 * `x.ts?script` is x.ts and what it imports as the text of one classic script.
 */
export function wasmKernels(): Plugin {
  return {
    name: 'wasm-kernels',
    enforce: 'pre',
    load: {
      filter: { id: /\?(kernels|script)$/ },
      async handler(id) {
        const [entry, kind] = id.split('?');
        const files = kind === 'kernels' ? sourcesAround(entry) : [entry];
        for (const file of files) this.addWatchFile(file);
        return { code: await kept(id, files, () => (kind === 'kernels' ? compileBoth(entry) : script(entry))), moduleType: 'js' };
      },
    },
  };
}

/** In the library build, the address of the worker's own file, in the form that other bundlers know too. */
export function workerAddress(): Plugin {
  return {
    name: 'worker-address',
    renderChunk(code, chunk) {
      if (!WORKER_IMPORT.test(code)) return null;
      const path = relative(dirname(chunk.fileName), `${WORKER_ENTRY}.js`).replaceAll('\\', '/');
      return code.replace(WORKER_IMPORT, `new URL('${path.startsWith('.') ? path : `./${path}`}', import.meta.url)`);
    },
  };
}

/** Kernels of one folder use some of the other's. */
function sourcesAround(entry: string): string[] {
  const folder = join(dirname(entry), '..');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return files.filter((file) => file.endsWith('.ts')).map((file) => join(folder, file));
}

const made = new Map<string, { readonly stamp: string; readonly code: Promise<string> }>();

/** A page and the workers in it are built one after another, each asking for the same modules. */
function kept(id: string, files: readonly string[], make: () => Promise<string>): Promise<string> {
  const stamp = files.map((file) => `${file} ${statSync(file).mtimeMs}`).join();
  const known = made.get(id);
  if (known?.stamp === stamp) return known.code;
  const code = make();
  made.set(id, { stamp, code });
  return code;
}

async function compileBoth(entry: string): Promise<string> {
  const plain = await compile(entry, []);
  const relaxed = await compile(entry, ['--enable', 'relaxed-simd']);
  return `export const plain = '${plain}';\nexport const relaxed = '${relaxed}';\n`;
}

async function script(entry: string): Promise<string> {
  return `export default ${JSON.stringify(await bundle(entry))};\n`;
}

async function compile(entry: string, flags: readonly string[]): Promise<string> {
  let binary: Uint8Array | null = null;
  const said: string[] = [];
  const { error } = await main(
    [
      relative(root, entry),
      ...['--baseDir', root, '--outFile', 'kernels.wasm', '--runtime', 'stub', '--noAssert', '-O3', '--importMemory'],
      // 112 warns that vectors cannot pass to JavaScript; none does.
      ...['--disableWarning', '112', '--enable', 'simd', ...flags],
    ],
    {
      writeFile: (_, contents) => {
        if (typeof contents !== 'string') binary = contents;
      },
      stderr: { write: (text: string | Uint8Array) => said.push(String(text)) > 0 },
    },
  );
  if (error || !binary) throw new Error(`asc ${relative(root, entry)}: ${error?.message ?? 'no output'}\n${said.join('')}`);
  return Buffer.from(binary).toString('base64');
}

async function bundle(entry: string): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: 'error',
    root,
    build: {
      write: false,
      minify: true,
      target: 'es2023',
      rolldownOptions: { input: entry, output: { format: 'iife', codeSplitting: false }, checks: QUIET },
    },
  });
  const output = (Array.isArray(result) ? result : [result]).flatMap((r) => ('output' in r ? r.output : []));
  const chunk = output.find((file) => file.type === 'chunk');
  if (chunk?.type !== 'chunk') throw new Error(`${relative(root, entry)}: expected one script, got none`);
  return chunk.code;
}
