/**
 * How a kernel call can be cut into parts, each of some columns or heads of some rows, that make the same numbers as the whole, bit for bit.
 * Arguments go by their place behind the number of rows.
 */
export interface Cut {
  readonly parts: number;
  /** Parts that the kernel takes at a time: a slice begins at a multiple of it. */
  readonly together: number;
  /** Multiplications of a part for each row, at most. */
  readonly work: number;
  /** What an address moves by for each part, and for each row. */
  readonly byPart: Readonly<Record<number, number>>;
  readonly byRow: Readonly<Record<number, number>>;
  /** Arguments that say how much there is of a part. */
  readonly counts: Readonly<Record<number, number>>;
}

/** Multiplications of a slice: 10 ms of a core that does 56 GFLOP a second, and within 50 ms on one a fifth as fast. */
const SLICE_WORK = 2 ** 28;
/** BLOCK_ROWS of kernels/matmul.ts: rows are cut where it cuts them. */
const BLOCK_ROWS = 126;

/** One kernel call: its arguments, the number of rows first. */
type Arguments = readonly number[];

/** The calls that a call over so many rows is cut into: one, where it does not take long. */
export function slicesOf(whole: Arguments, cut: Cut | undefined, rows: number): readonly Arguments[] {
  if (!cut || rows * cut.work * cut.parts <= SLICE_WORK) return [[rows, ...whole]];
  const { parts, together, work, byPart, byRow, counts } = cut;
  const least = work * together;
  const height = rows * least <= SLICE_WORK ? rows : BLOCK_ROWS * Math.max(1, Math.floor(SLICE_WORK / (least * BLOCK_ROWS)));
  const width = together * Math.max(1, Math.floor(SLICE_WORK / (least * Math.min(height, rows))));
  const slices: Arguments[] = [];
  for (let row = 0; row < rows; row += height)
    for (let part = 0; part < parts; part += width) {
      const taken = Math.min(width, parts - part);
      const moved = whole.map((argument, i) =>
        counts[i] === undefined ? argument + part * (byPart[i] ?? 0) + row * (byRow[i] ?? 0) : taken * counts[i],
      );
      slices.push([Math.min(height, rows - row), ...moved]);
    }
  return slices;
}
