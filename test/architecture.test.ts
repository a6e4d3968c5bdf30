import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');

function filesUnder(folder: string, pattern: RegExp): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((f) => join(folder, f))
    .filter((f) => pattern.test(f) && statSync(join(root, f)).isFile());
}

const read = (file: string) => readFileSync(join(root, file), 'utf8');
const sources = filesUnder('src', /\.ts$/);

/** What each room of src may import, beside itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  compute: ['core'],
  spectrum: ['core', 'compute'],
  proxyspex: ['core', 'compute', 'spectrum'],
  pursuit: ['core', 'compute', 'spectrum'],
  spex: ['core', 'compute', 'spectrum'],
  gp: ['core', 'compute', 'spectrum'],
  baselines: ['core', 'compute', 'spectrum'],
  model: ['core', 'compute'],
  lens: ['core', 'compute', 'spectrum', 'model'],
  explain: ['core', 'compute', 'spectrum', 'proxyspex', 'pursuit', 'spex', 'gp', 'baselines', 'model', 'lens'],
  view: ['core', 'spectrum', 'lens', 'explain'],
  bench: ['core', 'compute', 'spectrum', 'proxyspex', 'pursuit', 'spex', 'gp', 'baselines', 'model', 'lens', 'explain'],
};
/** Files at the top of src: public entry points, and two facts about the package that rooms may read. */
const FACTS = ['version.ts', 'embedded.ts'];

const roomOf = (file: string) => {
  const parts = relative('src', file).split('/');
  return parts.length > 1 ? parts[0] : '';
};

function importsOf(file: string): string[] {
  return [...read(file).matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map((m) => relative(root, resolve(root, file, '..', m[1])));
}

describe('the house', () => {
  it('lets each room import only the rooms below it', () => {
    const broken: string[] = [];
    for (const file of sources) {
      const room = roomOf(file);
      if (room === '' || room === 'cli') continue;
      expect(MAY_IMPORT[room], `src/${room} has no place in the one-way rule`).toBeDefined();
      for (const target of importsOf(file)) {
        if (!target.startsWith('src/') || target.includes('?')) continue;
        const into = roomOf(target);
        const fact = into === '' && FACTS.includes(relative('src', target));
        if (into !== room && !fact && !MAY_IMPORT[room].includes(into)) broken.push(`${file} → ${target}`);
      }
    }
    expect(broken).toEqual([]);
  });

  it('lets the demo and the command line use only public entry points', () => {
    const broken: string[] = [];
    for (const file of [...filesUnder('demo', /\.ts$/), ...sources.filter((f) => roomOf(f) === 'cli')])
      for (const target of importsOf(file))
        if (target.startsWith('src/') && !['', roomOf(file)].includes(roomOf(target))) broken.push(`${file} → ${target}`);
    expect(broken).toEqual([]);
  });

  it('keeps node: imports in the command line', () => {
    expect(
      sources.filter((f) => /from '(node:|fs|path)/.test(read(f)) && roomOf(f) !== 'cli' && !/^src\/(cli|engine)\.ts$/.test(f)),
    ).toEqual([]);
  });

  it('keeps GPU objects under compute/webgpu, apart from the one that users hand in', () => {
    const handed = /^src\/(explain\/(explainer|remote)|compute\/open|engine)\.ts$|^src\/cli\//;
    expect(sources.filter((f) => /\bGPU[A-Z]\w*/.test(read(f)) && !f.startsWith('src/compute/webgpu') && !handed.test(f))).toEqual([]);
  });

  it('has no other randomness, clock or console than its own', () => {
    expect(sources.filter((f) => roomOf(f) !== 'cli' && /Math\.random\(|Date\.now\(|console\./.test(read(f)))).toEqual([]);
  });

  it('gives every shader a twin in the reference backend and a test of the same name', () => {
    const stems = filesUnder('shaders', /^shaders\/[^/]+\.wgsl$/).map((f) => f.slice('shaders/'.length, -'.wgsl'.length));
    expect(stems.length).toBeGreaterThan(0);
    const twins = new Set(filesUnder('src/compute/reference', /\.ts$/).map((f) => relative('src/compute/reference', f).replace('.ts', '')));
    const tests = new Set(filesUnder('test/compute', /\.test\.ts$/).map((f) => relative('test/compute', f).replace('.test.ts', '')));
    expect(stems.filter((s) => !twins.has(s))).toEqual([]);
    expect(stems.filter((s) => !tests.has(s))).toEqual([]);
  });

  it('gives every kernel in WASM a twin in the reference backend and a test of the same name', () => {
    const folder = 'src/compute/wasm/kernels';
    const stems = filesUnder(folder, /kernels\/[^/]+\.ts$/)
      .map((f) => relative(folder, f).replace('.ts', ''))
      .filter((s) => s !== 'index');
    expect(stems.length).toBeGreaterThan(0);
    expect(stems.filter((s) => !existsSync(join(root, `src/compute/reference/${s}.ts`)))).toEqual([]);
    expect(stems.filter((s) => !existsSync(join(root, `test/compute/wasm/${s}.test.ts`)))).toEqual([]);
  });

  it('gives every kernel of the solvers a twin in the room that uses it and a test of the same name', () => {
    const folder = 'src/compute/wasm/solvers';
    const stems = filesUnder(folder, /solvers\/[^/]+\.ts$/)
      .map((f) => relative(folder, f).replace('.ts', ''))
      .filter((s) => s !== 'index');
    const twins = new Set(sources.filter((f) => !f.startsWith('src/compute')).map((f) => f.split('/').at(-1)?.replace('.ts', '')));
    expect(stems.length).toBeGreaterThan(0);
    expect(stems.filter((s) => !twins.has(s))).toEqual([]);
    expect(stems.filter((s) => !existsSync(join(root, `test/compute/wasm/solvers/${s}.test.ts`)))).toEqual([]);
  });

  it('keeps files short enough to read', () => {
    const long = [
      ...sources.map((f) => [f, 400] as const),
      ...filesUnder('demo', /\.ts$/).map((f) => [f, 400] as const),
      ...filesUnder('shaders', /\.wgsl$/).map((f) => [f, 200] as const),
    ];
    expect(long.filter(([f, most]) => read(f).split('\n').length > most).map(([f]) => f)).toEqual([]);
  });

  it('says its version once', () => {
    const { version } = JSON.parse(read('package.json')) as { version: string };
    expect(read('src/version.ts')).toContain(`'${version}'`);
  });
});
