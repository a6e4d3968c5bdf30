import { afterEach, describe, expect, it, vi } from 'vitest';
import { openDevice } from '../../src/compute/webgpu/device.ts';
import { type Contender, race } from '../../src/compute/webgpu/race.ts';
import { chooseTiling, raceTilings, type TileMemory } from '../../src/compute/webgpu/tiles.ts';
import { WebspexError } from '../../src/core/errors.ts';
import { VERSION } from '../../src/version.ts';
import { rejectedBy } from '../model/support.ts';
import { type Call, watchedGpu } from './watched-gpu.ts';

/** A clock that only contenders move, and contenders that take so many milliseconds for each product, the first sample ten times as much. */
function track() {
  let time = 0;
  const asked: [string, number][] = [];
  const contender = (name: string, ms: number, wrong: string | null | Error = null): Contender => {
    let warm = false;
    return {
      name,
      check: async () => {
        if (wrong instanceof Error) throw wrong;
        return wrong;
      },
      async run(times) {
        asked.push([name, times]);
        time += times * ms * (warm ? 1 : 10);
        warm = true;
      },
    };
  };
  return { contender, asked, now: () => time };
}

describe('a race', () => {
  it('is won by the quickest contender that is right, and says why the others are out', async () => {
    const { contender, now } = track();
    const { winner, entries } = await race(
      [
        contender('slow', 2),
        contender('quick', 0.5),
        contender('quick but wrong', 0.01, 'wrong by 3'),
        contender('broken', 0.01, new Error('does not compile')),
      ],
      { now },
    );
    expect(winner).toBe('quick');
    expect(entries.map(({ name, ms, why }) => [name, ms, why])).toEqual([
      ['slow', 2, ''],
      ['quick', 0.5, ''],
      ['quick but wrong', null, 'wrong by 3'],
      ['broken', null, 'does not compile'],
    ]);
  });

  it('makes samples longer than a clock is coarse, and asks a hopeless contender no more than it must', async () => {
    const { contender, asked, now } = track();
    await race([contender('a', 0.25), contender('b', 0.3), contender('hopeless', 5)], { now });
    // 0.25 ms cold is 2.5 ms: three products make up the 6 ms of a sample.
    expect(asked.filter(([name]) => name === 'a').slice(0, 3)).toEqual([
      ['a', 1],
      ['a', 3],
      ['a', 3],
    ]);
    expect(asked.filter(([name]) => name === 'hopeless').length).toBe(2);
    expect(asked.filter(([name]) => name === 'b').length).toBeGreaterThan(5);
  });

  it('ends after about its budget, and after one round where a single one takes longer', async () => {
    const { contender, asked, now } = track();
    await race([contender('a', 1), contender('b', 1)], { now, budgetMs: 50 });
    expect(now()).toBeLessThan(50 + 2 * 6 + 1);
    asked.length = 0;
    const slow = track();
    await race([slow.contender('a', 400), slow.contender('b', 500)], { now: slow.now });
    expect(slow.asked).toEqual([
      ['a', 1],
      ['b', 1],
      ['a', 1],
      ['b', 1],
    ]);
  });

  it('takes the quickest sample of each, as other work only adds time', async () => {
    let time = 0;
    let sample = 0;
    const noisy: Contender = {
      name: 'noisy',
      check: async () => null,
      async run(times) {
        time += times * (sample++ % 2 ? 9 : 7);
      },
    };
    const steady: Contender = {
      name: 'steady',
      check: async () => null,
      async run(times) {
        time += times * 8;
      },
    };
    expect((await race([steady, noisy], { now: () => time })).winner).toBe('noisy');
  });

  it('that nobody finishes right is an error that says why, and one that loses its device is lost', async () => {
    const { contender, now } = track();
    const error = await rejectedBy(race([contender('a', 1, 'wrong by 1'), contender('b', 1, new Error('no memory'))], { now }));
    expect([error.code, error.message]).toEqual(['self-check', expect.stringMatching(/a: wrong by 1; b: no memory/)]);
    const lost = new WebspexError('device-lost', 'gone');
    expect(await rejectedBy(race([contender('a', 1), contender('b', 1, lost)], { now }))).toBe(lost);
  });
});

/** Small enough for software: two tiles of 64 rows, one pipeline each. */
const SIZE = { rows: 160, K: 8, columns: 80 };
/** One contender, which compiles quickly on software. */
const SMALL = { size: SIZE, tilings: ['direct'] } as const;
const opened: { destroy(): void }[] = [];
afterEach(() => {
  vi.unstubAllGlobals();
  for (const device of opened.splice(0)) device.destroy();
});

/** A software adapter that passes for a real one, and whose calls are changed on the way. */
async function openAs(onCall: (call: Call) => unknown = (call) => call.go()) {
  const device = await openDevice({ gpu: watchedGpu(onCall) });
  opened.push(device);
  return { ...device, info: { ...device.info, adapter: 'some GPU', software: false } };
}

/** Changes the text of one shader. */
const sabotaged =
  (stem: string, change: (code: string) => string) =>
  (call: Call): unknown => {
    const [descriptor] = call.args as [{ label: string; code: string }];
    if (call.name !== 'createShaderModule' || descriptor.label !== stem) return call.go();
    const code = change(descriptor.code);
    expect(code).not.toBe(descriptor.code);
    return call.go({ ...descriptor, code });
  };

describe('a race of tiles on a device', () => {
  it('leaves out the one that computes a wrong product and the one that does not compile', async () => {
    const wrong = sabotaged('matmul-64x64', (code) => code.replace('sum3 += four.w', 'sum3 += four.z'));
    const broken = sabotaged('matmul-128x64', (code) => code.replace('sum7 += lower.w', 'sum7 += higher.w'));
    const calls: string[] = [];
    const device = await openAs((call) => {
      calls.push(call.name);
      return (call.args[0] as { label?: string })?.label === 'matmul-64x64' ? wrong(call) : broken(call);
    });
    const { winner, entries } = await raceTilings(device, { size: SIZE });
    expect(winner).toBe('direct');
    expect(entries.map(({ name, ms, why }) => [name, ms !== null, why])).toEqual([
      ['direct', true, ''],
      ['64x64', false, expect.stringMatching(/^wrong by [\d.]+$/)],
      ['128x64', false, expect.stringMatching(/higher/)],
    ]);
    expect(device.failure()).toBeNull();
    expect(calls.filter((name) => name === 'destroy').length).toBe(calls.filter((name) => name === 'createBuffer').length);
  });

  it('has no winner on a device that is lost on the way', async () => {
    const device = await openAs((call) => {
      if (call.name === 'dispatchWorkgroups') call.device?.destroy();
      return call.go();
    });
    expect((await rejectedBy(raceTilings(device, SMALL))).code).toBe('device-lost');
  });
});

describe('the tiles of an adapter', () => {
  const kept = new Map<string, string>();
  const memory: TileMemory = {
    recall: async (key) => kept.get(key) ?? null,
    keep: async (key, value) => void kept.set(key, value),
  };
  const key = `some GPU, f32, webspex ${VERSION}`;

  it('are without barriers on software, narrow ones on llvmpipe, with no race', async () => {
    const device = await openDevice({ gpu: watchedGpu((call) => call.go()) });
    opened.push(device);
    expect(await chooseTiling(device, memory)).toEqual({ tiling: 'direct', race: null });
    const llvmpipe = { ...device, info: { ...device.info, adapter: 'llvmpipe: Mesa 25' } };
    expect(await chooseTiling(llvmpipe, memory)).toEqual({ tiling: 'narrow', race: null });
    expect(kept.size).toBe(0);
  });

  it('are remembered by adapter and version, so that the next session starts without a race', async () => {
    kept.set(key, '128x64');
    let calls = 0;
    const device = await openAs((call) => {
      calls++;
      return call.go();
    });
    const before = calls;
    expect(await chooseTiling(device, memory, SMALL)).toEqual({ tiling: '128x64', race: null });
    expect(calls).toBe(before);
    // What a later version no longer has, or a memory that fails, is raced for again.
    for (const recall of [async () => '7x7', () => Promise.reject(new Error('denied'))]) {
      kept.clear();
      const won = await chooseTiling(await openAs(), { ...memory, recall }, SMALL);
      expect([won.tiling, won.race?.entries.length]).toEqual(['direct', 1]);
      expect([...kept]).toEqual([[key, 'direct']]);
    }
  });

  it('are kept in the Cache Storage of a page, where there is one', async () => {
    const store = new Map<string, Response>();
    const cache = {
      match: async (address: string) => store.get(address)?.clone(),
      put: async (address: string, response: Response) => void store.set(address, response),
    };
    vi.stubGlobal('caches', { open: async () => cache });
    const won = await chooseTiling(await openAs(), undefined, SMALL);
    expect(won.race?.winner).toBe(won.tiling);
    expect([...store.keys()]).toEqual([`https://webspex.invalid/${encodeURIComponent(key)}`]);
    expect(await chooseTiling(await openAs(), undefined, SMALL)).toEqual({ tiling: won.tiling, race: null });
  });
});
