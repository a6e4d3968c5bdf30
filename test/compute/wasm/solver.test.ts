import { afterEach, describe, expect, it, vi } from 'vitest';
import { pairedMasks } from '../../../src/core/sample.ts';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

describe('the solvers’ kernels', () => {
  it('are left out where WebAssembly is missing or refused, and the decoders do without: the same trees', async () => {
    const masks = pairedMasks(20, 300, 1);
    const values = Float64Array.from({ length: 300 }, (_, r) => Math.sin(masks.words[r]));
    const options = { depth: 4, leaves: 12, trees: 10, learningRate: 0.1, minLeaf: 5 };
    const refused = class {
      constructor() {
        throw new Error('Refused to compile or instantiate WebAssembly module');
      }
    };
    const grown = [];
    for (const [webAssembly, there] of [
      [WebAssembly, true],
      [undefined, false],
      [{ Module: refused }, false],
    ] as const) {
      vi.stubGlobal('WebAssembly', webAssembly);
      vi.resetModules();
      const { openSolver } = await import('../../../src/compute/wasm/solver.ts');
      expect(openSolver(100) !== null).toBe(there);
      const { boostTrees } = await import('../../../src/proxyspex/boost.ts');
      grown.push(await boostTrees(masks, values, options));
    }
    expect(grown[0].trees.length).toBe(10);
    expect(grown[1]).toEqual(grown[0]);
    expect(grown[2]).toEqual(grown[0]);
  });

  it('are left out where there is no such memory', async () => {
    const { openSolver } = await import('../../../src/compute/wasm/solver.ts');
    expect(openSolver(2 ** 33)).toBeNull();
    expect(openSolver(2 ** 20)?.buffer.byteLength).toBeGreaterThanOrEqual(2 ** 20);
  });
});
