import { appendFileSync, existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Explanation } from '../../src/index.ts';
import { cli, ended, scratch, startCli, tinyModelFolder } from './support.ts';

const folder = scratch();
const at = (name: string) => join(folder, name);
const tiny = tinyModelFolder(at('tiny'));

/** A program that notes every mask it is asked for and, from its third question on, does what MODE says. */
const file = at('program.mjs');
writeFileSync(
  file,
  `import { createInterface } from 'node:readline';
import { appendFileSync } from 'node:fs';
for await (const line of createInterface({ input: process.stdin })) {
  const q = JSON.parse(line);
  appendFileSync(process.env.ASKED, q.masks.map((m) => m + '\\n').join(''));
  const values = q.masks.map((m) => 2 * m[0] - m[1] + 3 * m[2] * m[3]);
  const late = q.id >= 2;
  if (process.env.MODE === 'die' && late) process.exit(3);
  if (process.env.MODE === 'nan' && late) values[1] = null;
  if (process.env.MODE === 'garbage' && late) { console.log('{"id":'); continue; }
  if (process.env.MODE === 'slow') await new Promise((done) => setTimeout(done, 20 * q.masks.length));
  console.log(JSON.stringify({ id: q.id, values }));
}
`,
);
const COMMAND = `"${process.execPath}" "${file}"`;
const run = (log: string, budget = 200) => [
  'explain',
  ...['--exec', COMMAND, '--players', '20', '--method', 'pursuit', '--budget', String(budget), '--resume', log, '--json'],
];
const lines = (name: string) => (existsSync(name) ? readFileSync(name, 'utf8').split('\n').slice(0, -1) : []);
const masksIn = (log: string) =>
  lines(log)
    .slice(1)
    .map((line) => (JSON.parse(line) as { mask: string }).mask);

describe('webspex explain --exec --resume', () => {
  it.each([
    ['dies', 'die', /value-function: --exec: .*exit code 3/],
    ['says NaN', 'nan', /non-finite: --exec: .*got null for mask 1/],
    ['cuts a line short', 'garbage', /value-function: --exec: expected a line/],
  ])('keeps its log with exit code 7 where the program %s, and goes on from there without asking twice', async (_, mode, says) => {
    const [log, asked, rest] = [at(`${mode}.jsonl`), at(`${mode}.asked`), at(`${mode}.rest`)];
    const failed = await cli(run(log), '', { MODE: mode, ASKED: asked });
    expect(failed).toMatchObject({ code: 7, out: '' });
    expect(failed.err).toMatch(says);
    const kept = masksIn(log);
    expect(failed.err).toContain(`${kept.length} values are kept in ${log}`);
    expect(kept.length).toBeGreaterThanOrEqual(10);
    const resumed = await cli(run(log), '', { MODE: '', ASKED: rest });
    expect(resumed.code).toBe(0);
    expect(resumed.err).toContain(`${log} holds ${kept.length} values of this question`);
    expect(lines(rest).filter((mask) => kept.includes(mask))).toEqual([]);
    expect(lines(rest).length).toBe(200 - kept.length);
    const all = masksIn(log);
    expect([all.length, new Set(all).size]).toEqual([200, 200]);
    expect((JSON.parse(resumed.out) as Explanation).fit.queries).toBe(200);
  });

  it('loses nothing that was written when it is killed, and takes a line that was cut short off', async () => {
    const [log, rest] = [at('killed.jsonl'), at('killed.rest')];
    const child = startCli(run(log), { MODE: 'slow', ASKED: at('killed.asked') });
    const over = ended(child);
    while (lines(log).length < 17) await new Promise((done) => setTimeout(done, 20));
    child.kill('SIGKILL');
    await over;
    const kept = masksIn(log).length;
    appendFileSync(log, '{"mask":"0101');
    const resumed = await cli(run(log), '', { MODE: '', ASKED: rest });
    expect(resumed.code).toBe(0);
    expect(lines(rest).length).toBe(200 - kept);
    expect(new Set(masksIn(log)).size).toBe(200);
  });

  it('ends with 75 at Ctrl-C, with what is known by then', async () => {
    const log = at('stopped.jsonl');
    const child = startCli(run(log), { MODE: 'slow', ASKED: at('stopped.asked') });
    const over = ended(child);
    while (lines(log).length < 33) await new Promise((done) => setTimeout(done, 20));
    child.kill('SIGINT');
    const ran = await over;
    expect(ran.code).toBe(75);
    expect((JSON.parse(ran.out) as Explanation).fit.queries).toBe(masksIn(log).length);
  });

  it('refuses a log of another question, saying which, and a file that is none or is damaged', async () => {
    const log = at('one.jsonl');
    const env = { MODE: '', ASKED: at('one.asked') };
    expect((await cli(run(log), '', env)).code).toBe(0);
    const other = await cli(
      run(log).map((arg) => (arg === COMMAND ? `${COMMAND} --other` : arg)),
      '',
      env,
    );
    expect(other).toMatchObject({ code: 3, out: '' });
    expect(other.err).toMatch(/bad-file: .*one\.jsonl: expected a log of this question, got one of another: exec ".*" in place of ".*"/);
    const size = statSync(log).size;
    appendFileSync(log, '{"mask":"01","value":1}\n');
    expect((await cli(run(log), '', env)).err).toMatch(/bad-file: .*line 202: expected \{"mask":"01…","value":number\} with 20 players/);
    truncateSync(log, size);
    writeFileSync(at('notes.txt'), 'milk\n');
    expect((await cli(run(at('notes.txt')), '', env)).err).toMatch(/bad-file: .*expected a log/);
    expect(readFileSync(at('notes.txt'), 'utf8')).toBe('milk\n');
    expect((await cli(run(at('no/such/log')), '', env)).err).toMatch(/usage: --resume: expected a file that can be written/);
  });
});

describe('webspex explain TEXT --resume', () => {
  const explain = (log: string, text: string, budget: number) => [
    ...[
      'explain',
      text,
      '--model',
      tiny,
      '--device',
      'reference',
      '--method',
      'linear',
      '--budget',
      String(budget),
      '--resume',
      log,
      '--json',
    ],
  ];

  it('keeps the values of a model in its own process too, and gives the same explanation as without', async () => {
    const log = at('text.jsonl');
    const text = 'a b c d e f g h i j';
    expect((await cli(explain(log, text, 128))).code).toBe(0);
    expect(masksIn(log).length).toBe(128);
    const more = await cli(explain(log, text, 200));
    expect(more.err).toContain('holds 128 values');
    expect(masksIn(log).length).toBe(200);
    const { timing: _, ...resumed } = JSON.parse(more.out) as Explanation;
    const straight = await cli(explain(log, text, 200).filter((arg) => arg !== '--resume' && arg !== log));
    const { timing: __, ...whole } = JSON.parse(straight.out) as Explanation;
    expect(resumed).toEqual(whole);
    const other = await cli(explain(log, `${text} k`, 128));
    expect(other).toMatchObject({ code: 3, out: '' });
    expect(other.err).toMatch(/got one of another: text ".*" in place of ".*"/);
  });
});
