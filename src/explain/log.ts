import { checkCount, type Masks, maskText, pickMasks, type ValueFunction } from '../core/masks.ts';
import { sha256Hex } from '../model/manifest.ts';
import type { Player } from './document.ts';
import type { Origin } from './report.ts';

/** What a value belongs to besides its mask: two runs with the same may share values, whatever their method, budget and seed. */
export interface LoggedQuestion {
  readonly players: readonly Player[];
  /** Text, model, target, scalar, how players are masked. */
  readonly about: Readonly<Record<string, unknown>>;
}

/** Where values are kept as they come, so that a run that broke off goes on where it was. */
export interface EvaluationLog {
  /** What is known of a question already, by `maskText`. @throws bad-file where the log is of another question. */
  open(question: LoggedQuestion): Promise<ReadonlyMap<string, number>>;
  add(mask: string, value: number): void;
  /** Resolves when everything added is kept. @throws bad-file where it cannot be. */
  flush(): Promise<void>;
}

/** SHA-256 of a question, hexadecimal; `own` is what only the keeper of the log knows, such as the command of a program. */
export function questionHash({ players, about }: LoggedQuestion, own: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const named = players.map(({ label, start, end }) => [label, start, end]);
  return sha256Hex(new TextEncoder().encode(JSON.stringify([about, named, own])));
}

/** Of an explanation's origin what its values depend on; devices give the same numbers but for rounding. Of what else was `asked`, the hashes. */
export async function questionOf(
  origin: Origin,
  players: readonly Player[],
  asked: Readonly<Record<string, unknown>> = {},
): Promise<LoggedQuestion> {
  const { text, lens, locked = [], target, scalar, mask, units, model, server } = origin;
  const { by, system, floor } = server?.().server ?? {};
  const of = model && { id: model.id, revision: model.revision, sha256: model.sha256, dtype: model.dtype };
  const hashed: Record<string, string> = {};
  for (const [name, value] of Object.entries(asked))
    if (value !== undefined) hashed[name] = `SHA-256 ${await sha256Hex(new TextEncoder().encode(JSON.stringify(value)))}`;
  return {
    players,
    about: {
      text,
      lens,
      locked,
      target,
      scalar,
      mask,
      units,
      model: of,
      ...(floor && { floor: floor.rule }),
      ...(by === 'chat' && { chat: system ?? true }),
      ...hashed,
    },
  };
}

/** A value function that asks another one only for masks it does not know, and keeps what it learns. */
export interface Remembered {
  readonly valueFunction: ValueFunction;
  /** How many rows from `row` on, one after the other, are known. */
  known(masks: Masks, row: number, end: number): number;
}

/** @throws bad-file as `log.open`. */
export async function remembering(valueFunction: ValueFunction, log: EvaluationLog, question: LoggedQuestion): Promise<Remembered> {
  const values = new Map(await log.open(question));
  return {
    known(masks, row, end) {
      let r = row;
      while (r < end && values.has(maskText(masks, r))) r++;
      return r - row;
    },
    async valueFunction(masks, options) {
      const names = Array.from({ length: masks.count }, (_, r) => maskText(masks, r));
      const rows = Array.from(names.keys()).filter((r) => !values.has(names[r]));
      const keep = (i: number, value: number) => {
        const name = names[rows[i]];
        if (values.has(name) || !Number.isFinite(value)) return;
        values.set(name, Math.fround(value));
        log.add(name, Math.fround(value));
        options?.onValue?.(rows[i], Math.fround(value));
      };
      names.forEach((name, r) => {
        const value = values.get(name);
        if (value !== undefined) options?.onValue?.(r, value);
      });
      const out = new Float32Array(masks.count);
      if (rows.length > 0)
        try {
          const asked = await valueFunction(pickMasks(masks, rows), { ...options, onValue: keep });
          checkCount(asked, rows.length);
          asked.forEach((value, i) => {
            keep(i, value);
            out[rows[i]] = value;
          });
        } finally {
          await log.flush();
        }
      names.forEach((name, r) => {
        out[r] = values.get(name) ?? out[r];
      });
      return out;
    },
  };
}
