import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { chooseEngine, probeOwn } from '../../src/cli/engine/choose.ts';
import { type Engine, type EngineOptions, startEngine } from '../../src/cli/engine/process.ts';
import { createWatch, START_MS, withDeadline } from '../../src/cli/engine/watch.ts';
import { rejectedBy } from '../model/support.ts';
import { scratch } from './support.ts';

const folder = scratch();
const engines: Engine[] = [];
afterEach(() => {
  for (const engine of engines.splice(0)) engine.close();
});

/** A child that says hello and then answers calls as the script says; `call` is what it got, `send` answers. */
function fake(name: string, onCall: string, hello = '{ adapter: null }'): string {
  const file = join(folder, `${name}.mjs`);
  writeFileSync(
    file,
    `const send = (m) => process.send(m);
process.on('message', (call) => { ${onCall} });
send({ engine: 'hello', why: '', features: [], limits: {}, ...${hello} });`,
  );
  return file;
}

const LOADED = `if (call.call === 'load') return send({ reply: 'done', id: call.id, value: { model: { id: 'fake' }, device: { backend: 'webgpu' } } });`;

async function started(options: EngineOptions): Promise<Engine> {
  const engine = await startEngine(options);
  engines.push(engine);
  return engine;
}

/** Short enough for a test; a hang is silence for longer than this, and nothing else about it depends on time. */
const FLOOR_MS = 300;

describe('the process that holds the GPU', () => {
  it('that ends before it has said what it found is device-lost, with its exit code and last words', async () => {
    const file = join(folder, 'crash.mjs');
    writeFileSync(file, `console.error('vulkan: no such luck'); process.exit(3);`);
    const error = await rejectedBy(startEngine({ script: file }));
    expect(error.code).toBe('device-lost');
    expect(error.message).toMatch(
      /got a process that ended with exit code 3 \(vulkan: no such luck\); start it again, or use --device wasm/,
    );
  });

  it('that crashes while it loads is device-lost', async () => {
    const engine = await started({ script: fake('load-crash', `process.kill(process.pid, 'SIGSEGV')`) });
    const error = await rejectedBy(engine.connect({ device: 'webgpu' }));
    expect(error).toMatchObject({ code: 'device-lost', message: expect.stringContaining('signal SIGSEGV') });
  });

  it('that crashes in a run fails every call with device-lost', async () => {
    const engine = await started({ script: fake('run-crash', `${LOADED} process.exit(9);`) });
    const explainer = await engine.connect({ device: 'webgpu' });
    const [run, evaluation] = [explainer.explain('a b').result, explainer.evaluate('a b', { masks: [[1, 1]] })];
    expect((await rejectedBy(run)).code).toBe('device-lost');
    expect((await rejectedBy(evaluation)).message).toContain('exit code 9');
    expect((await rejectedBy(explainer.explain('a b').result)).code).toBe('device-lost');
  });

  it('that falls silent in a run is killed and device-lost', async () => {
    const engine = await started({ floorMs: FLOOR_MS, script: fake('hang', `${LOADED} if (call.call === 'explain') for (;;);`) });
    const explainer = await engine.connect({ device: 'webgpu' });
    const error = await rejectedBy(explainer.explain('a b').result);
    expect(error).toMatchObject({ code: 'device-lost', message: expect.stringContaining('got silence for 0.3 s') });
  });

  it('may be silent for as long as it likes on the CPU, which cannot hang', async () => {
    const late = `${LOADED}
      if (call.call !== 'explain') return;
      setTimeout(() => { send({ reply: 'snapshot', id: call.id, snapshot: { made: 'late' } }); send({ reply: 'done', id: call.id }); }, 100);`;
    for (const device of ['wasm', 'reference'] as const) {
      const cpu = await (await started({ floorMs: 1, script: fake(`late-${device}`, late) })).connect({ device });
      expect(await cpu.explain('a b').result).toEqual({ made: 'late' });
    }
  });

  it('passes on errors with their codes', async () => {
    const engine = await started({
      script: fake('typed', `send({ reply: 'failed', id: call.id, code: 'bad-file', message: 'a tensor is missing' });`),
    });
    expect(await rejectedBy(engine.connect({ device: 'webgpu' }))).toMatchObject({ code: 'bad-file', message: 'a tensor is missing' });
  });

  it('hears from its parent how far a benchmark is, and what it gave or why it failed', async () => {
    const bench = `
      if (call.name === 'bad') return send({ engine: 'bench-failed', code: 'usage', message: 'no data' });
      send({ engine: 'bench-line', line: 'half way' });
      send({ engine: 'bench-rows', rows: [{ id: call.name, ours: 1 }] });`;
    const engine = await started({ script: fake('bench', bench) });
    const lines: string[] = [];
    const request = { files: {}, commit: 'c', device: 'auto' } as const;
    expect(await engine.bench({ ...request, name: 'good' }, (line) => lines.push(line))).toEqual([{ id: 'good', ours: 1 }]);
    expect(lines).toEqual(['half way']);
    expect(await rejectedBy(engine.bench({ ...request, name: 'bad' }, () => {}))).toMatchObject({ code: 'usage', message: 'no data' });
  });

  it('finds an adapter or says why not, and computes on the CPU where that is asked for', async () => {
    const own = await probeOwn();
    if (own.engine) engines.push(own.engine);
    expect(own.engine?.hello.adapter !== null || own.why !== '').toBe(true);
    const notes: string[] = [];
    for (const device of ['wasm', 'reference'] as const) {
      const cpu = await chooseEngine(device, (line) => notes.push(line));
      engines.push(cpu.engine);
      expect(cpu.device).toBe(device);
      expect(cpu.engine.hello).toMatchObject({ adapter: null, why: 'not asked for' });
    }
    expect(notes).toEqual([]);
  });
});

describe('the watch over a silent process', () => {
  const watched = () => {
    vi.useFakeTimers();
    const expired = vi.fn();
    return { watch: createWatch(1000, expired), expired };
  };
  afterEach(() => {
    vi.useRealTimers();
  });

  it('expires once, after its floor, and only when something is owed', () => {
    const { watch, expired } = watched();
    vi.advanceTimersByTime(10_000);
    expect(expired).not.toHaveBeenCalled();
    watch.arm();
    vi.advanceTimersByTime(999);
    expect(expired).not.toHaveBeenCalled();
    vi.advanceTimersByTime(60_000);
    expect(expired.mock.calls).toEqual([[1000]]);
  });

  it('starts anew with every batch, and waits twenty times the median batch where that is longer', () => {
    const { watch, expired } = watched();
    watch.arm();
    for (const ms of [900, 300, 900]) {
      vi.advanceTimersByTime(ms);
      watch.beat();
    }
    expect(watch.deadlineMs()).toBe(18_000);
    vi.advanceTimersByTime(17_999);
    expect(expired).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(expired).toHaveBeenCalledOnce();
  });

  it('over an endpoint, counts silence while it loads and while passes are owed, not while the far side solves or has nothing to do', () => {
    vi.useFakeTimers();
    const hear: ((event: { data: unknown }) => void)[] = [];
    const sent: unknown[] = [];
    const gaveUp: string[] = [];
    const far = { postMessage: (m: unknown) => sent.push(m), addEventListener: (_: 'message', l: (typeof hear)[0]) => hear.push(l) };
    const near = withDeadline(far, 1000, (reason) => gaveUp.push(reason));
    const says = (data: unknown) => {
      for (const listener of hear) listener({ data });
    };
    const progress = (phase: string) => says({ reply: 'progress', id: 2, progress: { phase } });
    const silence = (ms: number) => vi.advanceTimersByTime(ms);

    near.postMessage({ call: 'load', id: 1 });
    silence(START_MS - 1);
    says({ reply: 'loading', id: 1 });
    silence(START_MS - 1);
    says({ reply: 'done', id: 1 });
    silence(10 * START_MS);
    near.postMessage({ call: 'explain', id: 2 });
    silence(999);
    progress('evaluating');
    silence(999);
    progress('decoding');
    silence(10 * START_MS);
    says({ reply: 'snapshot', id: 2 });
    silence(999);
    says({ reply: 'done', id: 2 });
    silence(10 * START_MS);
    expect(gaveUp).toEqual([]);
    expect(sent).toEqual([
      { call: 'load', id: 1 },
      { call: 'explain', id: 2 },
    ]);

    near.postMessage({ call: 'evaluate', id: 3 });
    silence(10 * START_MS);
    // Batches have taken 999 ms, and twenty times the median of them is waited for.
    expect(gaveUp).toEqual(['silence for 20 s']);
  });

  it('rests when it is told to', () => {
    const { watch, expired } = watched();
    watch.arm();
    watch.rest();
    vi.advanceTimersByTime(100_000);
    expect(expired).not.toHaveBeenCalled();
  });
});
