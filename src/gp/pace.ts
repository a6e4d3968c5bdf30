/** Multiply-adds, or what takes as long, between two breaths: some milliseconds. */
export const BETWEEN = 2 ** 22;

/** Told of work that was done; where enough has come together, a breath to be awaited. */
export type Pace = (work: number) => Promise<void> | undefined;

/** Breathes after each `BETWEEN` of work, so that small work, which comes in thousands of pieces, awaits nothing. */
export function paced(breathe: (() => Promise<void>) | undefined): Pace {
  let done = 0;
  return (work) => {
    done += work;
    if (done < BETWEEN) return;
    done = 0;
    return breathe?.();
  };
}

/** For work in small steps that tells nothing of its size: a breath after every few of them. */
export function restOf(pace: Pace): () => Promise<void> {
  return async () => await pace(BETWEEN / 8);
}
