import { type BenchContext, benchmarks, embeddedBackends } from '../../src/bench.ts';
import { WebspexError } from '../../src/index.ts';
import { adapterFacts, timeTilings } from '../../src/webgpu.ts';
import { allowOwnWorkers } from '../trusted-worker.ts';
import type { Ask, Said } from './messages.ts';

allowOwnWorkers();
const say = (said: Said) => self.postMessage(said);

const adapter = (await navigator.gpu?.requestAdapter({ powerPreference: 'high-performance' }).catch(() => null)) ?? null;
const facts = adapter && adapterFacts(adapter);
const real = facts !== null && !facts.adapter.software;

/** The quickest first, and whether only a real GPU is measured by it. */
const CASES: readonly (readonly [name: string, onGpu: boolean])[] = [
  ['fwht', false],
  ['tiles', true],
  ['until', false],
  ['forward', false],
  ['removal', true],
];
say({ said: 'adapter', facts, cases: CASES.map(([name, onGpu]) => ({ name, title: benchmarks[name].title, possible: real || !onGpu })) });

/** Everything but what takes minutes: a software GPU, and float64. */
function contextOf({ model, commit }: Ask): BenchContext {
  const gpu = real ? { software: false, half: facts.features.includes('shader-f16') } : null;
  return {
    commit,
    // A page is not told its CPU time; the page writes the units.
    cpuSeconds: () => performance.now() / 1000,
    backends: embeddedBackends({ gpu, model }).filter(({ name }) => name !== 'reference'),
    timeProduct: real ? (size) => timeTilings({}, size) : undefined,
    readText: (name) => Promise.reject(new WebspexError('usage', `bench: expected no file, got ${name}; use the command line`)),
    report: (line) => say({ said: 'line', line }),
  };
}

/** By the clock, in seconds or milliseconds. */
const byClock = (unit: string) => unit.replace(/^cpu-/, '');

self.addEventListener('message', async ({ data }: MessageEvent<Ask>) => {
  const context = contextOf(data);
  for (const name of data.names) {
    try {
      const rows = await benchmarks[name].run(context);
      say({ said: 'rows', rows: rows.map((row) => ({ ...row, unit: byClock(row.unit) })) });
    } catch (error) {
      say({ said: 'failed', name, message: error instanceof Error ? error.message : String(error) });
    }
  }
  say({ said: 'done' });
});
