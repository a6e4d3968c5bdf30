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
}

/** Rows that share a contest share the runs of its sides. */
export interface ContestPlan {
  readonly contest: string;
  readonly places: readonly PlaceName[];
  readonly rounds: number;
  readonly rows: readonly RowPlan[];
}

export type PlaceName = 'node' | 'chromium';

const WEB = 'onnxruntime-web 1.30.0 wasm, one thread';
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

/** Every contest, in the order they are run. */
export const PLANS: readonly ContestPlan[] = [
  product('384×384×384'),
  product('1056×1536×384'),
  product('1056×384×1536'),
  {
    contest: 'removal',
    places: BOTH,
    rounds: 3,
    rows: [removed('C2-padded', 'in random order', 'padded', WEB, 2.4), removed('C2-sorted', 'sorted by length', 'sorted', WEB, 2)],
  },
  {
    contest: 'removal',
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
    contest: 'removal',
    places: ['node'],
    rounds: 5,
    rows: [removed('C5', 'in random order', 'native', 'onnxruntime-node 1.30.0 cpu, one thread', 0.8)],
  },
];
