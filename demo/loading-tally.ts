import type { ProgressEvent } from '../src/text.ts';

/** Bytes that have come, and of how many; null while a file has begun whose size nobody has said. */
export interface Loading {
  readonly loaded: number;
  readonly total: number | null;
}

/** Adds up what the files of a model say of themselves, which begin one after another. */
export function loadingTally(): (event: ProgressEvent) => Loading {
  const files = new Map<string, Loading>();
  return ({ status, file, loaded, total }) => {
    if (file !== undefined) {
      const before = files.get(file) ?? { loaded: 0, total: null };
      const now = { loaded: loaded ?? before.loaded, total: total ?? before.total };
      files.set(file, status === 'done' ? { ...now, total: now.loaded } : now);
    }
    const all = [...files.values()];
    const sum = (of: (f: Loading) => number) => all.reduce((before, f) => before + of(f), 0);
    return { loaded: sum((f) => f.loaded), total: all.every((f) => f.total !== null) ? sum((f) => f.total ?? 0) : null };
  };
}
