import { WebspexError } from '../core/errors.ts';
import type { Explanation } from '../explain/document.ts';

type Fields = Readonly<Record<string, unknown>>;

function bad(where: string, expected: string, got: unknown): never {
  const said = typeof got === 'string' ? JSON.stringify(got.slice(0, 40)) : Array.isArray(got) ? 'a list' : String(got);
  throw new WebspexError('bad-file', `explanation: expected ${where} to be ${expected}, got ${said}; use a file that webspex wrote`);
}

function fields(value: unknown, where: string): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : bad(where, 'an object', value);
}

function finite(value: unknown, where: string): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : bad(where, 'a finite number', value);
}

function string(value: unknown, where: string): string {
  return typeof value === 'string' ? value : bad(where, 'a string', value);
}

function list(value: unknown, where: string): readonly unknown[] {
  return Array.isArray(value) ? value : bad(where, 'a list', value);
}

function members(value: unknown, players: number, where: string): void {
  let last = -1;
  for (const m of list(value, where)) {
    if (!Number.isInteger(m) || (m as number) <= last || (m as number) >= players) bad(where, `ascending players below ${players}`, m);
    last = m as number;
  }
}

/**
 * An explanation from parsed JSON of unknown origin: every field that is drawn or computed with is checked, none is executed or fetched.
 * @throws bad-file naming the field.
 */
export function readExplanation(value: unknown): Explanation {
  const e = fields(value, 'the file');
  if (e.format !== 'webspex-explanation') bad('format', '"webspex-explanation"', e.format);
  if (e.version !== 1) bad('version', '1', e.version);
  const text = string(e.text, 'text');
  const players = list(e.players, 'players');
  if (players.length === 0) bad('players', 'at least one', '');
  let at = 0;
  players.forEach((p, i) => {
    const player = fields(p, `players[${i}]`);
    string(player.label, `players[${i}].label`);
    if (player.id !== i) bad(`players[${i}].id`, String(i), player.id);
    const start = finite(player.start, `players[${i}].start`);
    const end = finite(player.end, `players[${i}].end`);
    if (start !== 0 || end !== 0) {
      if (start < at || end < start || end > text.length)
        bad(`players[${i}]`, `a span within ${at} and ${text.length}`, `${start}, ${end}`);
      at = end;
    }
  });
  if (e.locked !== undefined) checkSpans(e.locked, text.length);
  checkNumbers(e, players.length);
  for (const key of ['lens', 'target', 'scalar', 'index', 'method', 'mask', 'units']) string(e[key], key);
  for (const key of ['maxOrder', 'seed']) finite(e[key], key);
  if (e.model !== null) for (const key of ['id', 'revision', 'sha256', 'dtype']) string(fields(e.model, 'model')[key], `model.${key}`);
  if (e.device !== null) for (const key of ['backend', 'adapter']) string(fields(e.device, 'device')[key], `device.${key}`);
  finite(fields(e.timing, 'timing').evaluateMs, 'timing.evaluateMs');
  string(fields(e.software, 'software').version, 'software.version');
  return value as Explanation;
}

function checkSpans(value: unknown, length: number): void {
  let at = 0;
  list(value, 'locked').forEach((span, i) => {
    const [start, end] = list(span, `locked[${i}]`).map((edge) => finite(edge, `locked[${i}]`));
    if (!(start >= at && end > start && end <= length)) bad(`locked[${i}]`, `a span within ${at} and ${length}`, `${start}, ${end}`);
    at = end;
  });
}

function checkNumbers(e: Fields, players: number): void {
  const values = fields(e.values, 'values');
  finite(values.full, 'values.full');
  finite(values.empty, 'values.empty');
  list(e.interactions, 'interactions').forEach((given, i) => {
    const one = fields(given, `interactions[${i}]`);
    members(one.members, players, `interactions[${i}].members`);
    finite(one.value, `interactions[${i}].value`);
    if (finite(one.se, `interactions[${i}].se`) < 0) bad(`interactions[${i}].se`, '0 or more', one.se);
  });
  list(e.spectrum, 'spectrum').forEach((given, i) => {
    const one = fields(given, `spectrum[${i}]`);
    members(one.members, players, `spectrum[${i}].members`);
    finite(one.coefficient, `spectrum[${i}].coefficient`);
  });
  if (e.structure !== undefined) {
    const structure = fields(e.structure, 'structure');
    list(structure.energy, 'structure.energy').forEach((share, i) => {
      finite(share, `structure.energy[${i}]`);
    });
    for (const key of ['terms', 'dsr', 'scr']) finite(structure[key], `structure.${key}`);
  }
  const fit = fields(e.fit, 'fit');
  for (const key of ['r2', 'r2Low', 'r2High', 'heldOut', 'queries', 'budget']) finite(fit[key], `fit.${key}`);
  if (fit.folds !== undefined) finite(fit.folds, 'fit.folds');
  if (fit.influences !== undefined) {
    const influences = list(fit.influences, 'fit.influences');
    if (influences.length !== players) bad('fit.influences', `${players} numbers`, String(influences.length));
    influences.forEach((v, i) => {
      finite(v, `fit.influences[${i}]`);
    });
  }
  if (fit.priorTexts !== undefined) finite(fit.priorTexts, 'fit.priorTexts');
  if (fit.audit !== undefined)
    for (const key of ['masks', 'r2', 'r2Low', 'r2High']) finite(fields(fit.audit, 'fit.audit')[key], `fit.audit.${key}`);
  if (fit.until !== undefined) for (const key of ['r2', 'bound']) finite(fields(fit.until, 'fit.until')[key], `fit.until.${key}`);
  string(fit.chosen, 'fit.chosen');
  list(fit.candidates, 'fit.candidates').forEach((given, i) => {
    const one = fields(given, `fit.candidates[${i}]`);
    string(one.method, `fit.candidates[${i}].method`);
    finite(one.r2, `fit.candidates[${i}].r2`);
    if (one.folds !== undefined) finite(one.folds, `fit.candidates[${i}].folds`);
  });
}
