/** What is compared in one contest, and what is said about it. */
export interface RowPlan {
  /** As in README.md: C1, C2 … */
  readonly id: string;
  readonly title: string;
  /** Our side and the peer's. */
  readonly ours: string;
  readonly peer: string;
  readonly peerName: string;
  /** The smallest ratio that is wanted, by place where they differ; none where the row only reports. */
  readonly goal?: number;
  readonly unit: 'cpu-s' | 'wall-s';
  /** How far numbers may be apart; default 1e-4. */
  readonly tolerance?: number;
}

/** Rows that share a contest share the runs of its sides. */
export interface ContestPlan {
  readonly contest: string;
  readonly places: readonly PlaceName[];
  readonly rounds: number;
  /** What it needs that is not of this package. */
  readonly needs?: 'causal';
  readonly rows: readonly RowPlan[];
}

/** `node` and `chromium` compute on the CPU; the others have a software adapter for WebGPU: SwiftShader, or Mesa's lavapipe. */
export const PLACES = ['node', 'chromium', 'node-swiftshader', 'node-lavapipe', 'chromium-swiftshader'] as const;
export type PlaceName = (typeof PLACES)[number];

const WEB = 'onnxruntime-web 1.30.0 wasm, one thread';
const NODE_GPU = 'onnxruntime-node 1.30.0 webgpu';
const PEER_ON: Partial<Record<PlaceName, string>> = {
  'node-swiftshader': NODE_GPU,
  'node-lavapipe': NODE_GPU,
  'chromium-swiftshader': 'onnxruntime-web 1.30.0 webgpu',
};
const BOTH: readonly PlaceName[] = ['node', 'chromium'];

function product(shape: string): ContestPlan {
  const row = (build: string): RowPlan => ({
    id: `C1-${shape}-${build}`,
    title: `product ${shape}, ${build} SIMD`,
    ours: build,
    peer: 'web',
    peerName: WEB,
    goal: 1.7,
    unit: 'cpu-s',
  });
  return { contest: `gemm ${shape}`, places: BOTH, rounds: 7, rows: [row('relaxed'), row('plain')] };
}

function removed(id: string, title: string, peer: string, peerName: string, goal: number): RowPlan {
  return { id, title: `1,000 removal masks of 64 words, peer’s batches of 32 ${title}`, ours: 'ours', peer, peerName, goal, unit: 'cpu-s' };
}

/** A row on software adapters, with its goal on each. */
function onAdapters(contest: string, id: string, title: string, goals: Partial<Record<PlaceName, number>>): ContestPlan[] {
  return (Object.entries(goals) as [PlaceName, number][]).map(([place, goal]) => ({
    contest,
    places: [place],
    rounds: 3,
    rows: [{ id, title, ours: 'gpu', peer: 'webgpu', peerName: PEER_ON[place] ?? '', goal, unit: 'cpu-s' }],
  }));
}

/** Many transforms on software adapters: against products, which is all that onnxruntime offers, and against the algorithm inside of it. */
function transforms(goals: Partial<Record<PlaceName, number>>): ContestPlan[] {
  return (Object.entries(goals) as [PlaceName, number][]).map(([place, goal]) => {
    const title = '4,096 Walsh–Hadamard transforms of 2^12 float32';
    const row = (id: string, peer: string, peerName: string): RowPlan => ({ id, title, ours: 'gpu', peer, peerName, goal, unit: 'cpu-s' });
    return {
      contest: 'transforms 4096',
      places: [place],
      rounds: 3,
      rows: [
        row('F1-products', 'webgpu', `${PEER_ON[place]}, two products by 64 × 64`),
        row('F1-radix2', 'radix2', 'a barrier a stage, as onnxruntime’s attention has it'),
      ],
    };
  });
}

/** llama.cpp rounds activations to 8 bits where ours multiplies the same weights by float32: nats of one token. */
const ROUNDED = 0.5;

function prompted(id: string, peer: string, peerName: string, how: string, more: Partial<RowPlan>): RowPlan {
  return {
    id,
    title: `masked prompts of 61 tokens, 16 words, one token scored, ${how}`,
    ours: 'ours',
    peer,
    peerName,
    unit: 'cpu-s',
    ...more,
  };
}

const USUAL = prompted('C3-usual', 'usual', WEB, 'peer’s batches of 32 whole, logits of all positions', { goal: 5 });
const BEST = prompted('C3-best', 'best', WEB, 'peer’s batches of 32 by length behind a kept beginning, logits of one', { goal: 5 });
const NATIVE = prompted('C3-native', 'native', 'onnxruntime-node 1.30.0 cpu, one thread', 'as C3-best', {});
const LLAMA = prompted('C3-llama', 'llama', 'wllama 3.13.0 (llama.cpp b12211), one thread', 'peer’s prompts sorted, the last one kept', {
  goal: 1.5,
  tolerance: ROUNDED,
});

/** Every contest, in the order they are run. */
export const PLANS: readonly ContestPlan[] = [
  product('384×384×384'),
  product('1056×1536×384'),
  product('1056×384×1536'),
  {
    contest: 'removal 1000',
    places: BOTH,
    rounds: 3,
    rows: [removed('C2-padded', 'in random order', 'padded', WEB, 2.4), removed('C2-sorted', 'sorted by length', 'sorted', WEB, 2)],
  },
  {
    contest: 'removal 1000',
    places: ['node'],
    rounds: 5,
    rows: [
      {
        id: 'C4',
        title: '1,000 removal masks of 64 words, two workers against one thread',
        ours: 'two',
        peer: 'ours',
        peerName: 'webspex, one thread',
        goal: 1.8,
        unit: 'wall-s',
      },
    ],
  },
  {
    contest: 'removal 1000',
    places: ['node'],
    rounds: 5,
    rows: [removed('C5', 'in random order', 'native', 'onnxruntime-node 1.30.0 cpu, one thread', 0.8)],
  },
  { contest: 'prompts 1000', places: ['node'], rounds: 1, needs: 'causal', rows: [USUAL, BEST, NATIVE] },
  { contest: 'prompts 1000', places: ['chromium'], rounds: 1, needs: 'causal', rows: [USUAL, BEST, LLAMA] },
  ...onAdapters('dense', 'W1', 'eight sequences of 32 tokens', { 'node-swiftshader': 5 }),
  ...onAdapters('dense', 'W2', 'eight sequences of 32 tokens', { 'node-lavapipe': 1.3 }),
  ...onAdapters('dense', 'W3', 'eight sequences of 32 tokens', { 'chromium-swiftshader': 6 }),
  ...onAdapters('removal 32', 'W4', '32 removal masks of 64 words, peer’s batch padded', {
    'node-swiftshader': 7,
    'node-lavapipe': 1.8,
    'chromium-swiftshader': 7,
  }),
  ...transforms({ 'node-swiftshader': 2, 'node-lavapipe': 2, 'chromium-swiftshader': 2 }),
];
