import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openProgram } from '../../src/cli/program.ts';
import { type Comparison, type Explanation, masksFromRows, WebspexError } from '../../src/index.ts';
import { cli, interaction, scratch, tableFile, tinyModelFolder } from './support.ts';

const folder = scratch();
const at = (name: string) => join(folder, name);
const tiny = tinyModelFolder(at('tiny'));

/** A program in JavaScript that answers with `body` of the question `q`. */
function program(name: string, body: string): string {
  const file = at(`${name}.mjs`);
  writeFileSync(
    file,
    `import { createInterface } from 'node:readline';
import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
appendFileSync(${JSON.stringify(at(`${name}.starts`))}, 'x');
const value = (m) => 2 * m[0] - m[1] + 3 * m[2] * m[3];
for await (const line of createInterface({ input: process.stdin })) {
  const q = JSON.parse(line);
  const values = q.masks.map((mask) => value(Array.from(mask, Number)));
  ${body}
}
`,
  );
  return `"${process.execPath}" "${file}"`;
}

const starts = (name: string) => readFileSync(at(`${name}.starts`), 'utf8').length;
const SAY = 'console.log(JSON.stringify({ id: q.id, values }));';

async function refusal(command: string): Promise<WebspexError> {
  const opened = openProgram(command);
  try {
    await opened.valueFunction(masksFromRows([[1, 0, 1, 1]]));
    throw new Error('it answered');
  } catch (error) {
    expect(error).toBeInstanceOf(WebspexError);
    return error as WebspexError;
  } finally {
    opened.close();
  }
}

describe('webspex explain --exec', () => {
  it('starts the program once and explains what it computes', async () => {
    const { out, code } = await cli([
      'explain',
      '--exec',
      program('good', SAY),
      '--players',
      '40',
      '--budget',
      '200',
      '--method',
      'pursuit',
      '--json',
    ]);
    expect(code).toBe(0);
    const e = JSON.parse(out) as Explanation;
    expect(e.players.length).toBe(40);
    expect(e.fit.queries).toBe(200);
    expect(interaction(e, 2, 3)).toBeCloseTo(3, 1);
    expect(interaction(e, 0)).toBeCloseTo(2, 1);
    expect(starts('good')).toBe(1);
  });

  it('starts it again where it ends while it owes an answer, and gives up where it does so twice', async () => {
    const once = `if (q.id === 1 && !existsSync(${JSON.stringify(at('fell'))})) { writeFileSync(${JSON.stringify(at('fell'))}, ''); process.exit(3); }\n  ${SAY}`;
    const opened = openProgram(program('falls', once));
    const masks = masksFromRows([
      [1, 1, 0, 0],
      [0, 0, 1, 1],
    ]);
    expect([...(await opened.valueFunction(masks))]).toEqual([1, 3]);
    expect([...(await opened.valueFunction(masks))]).toEqual([1, 3]);
    expect(starts('falls')).toBe(2);
    opened.close();
    const { code, message } = await refusal(program('dies', "console.error('no licence'); process.exit(9);"));
    expect(code).toBe('value-function');
    expect(message).toMatch(/ended with exit code 9 \(no licence\)/);
    expect(starts('dies')).toBe(2);
  });

  it('refuses answers that are none, with the exit code of a failed function', async () => {
    const cases: [string, string, RegExp][] = [
      ['words', "console.log('loading');", /value-function.*got "loading"/],
      ['short', 'console.log(JSON.stringify({ id: q.id, values: values.slice(1) }));', /value-function.*expected 1 values for id 0, got 0/],
      ['other', 'console.log(JSON.stringify({ id: 77, values }));', /value-function.*an answer to id 0/],
      ['none', 'console.log(JSON.stringify({ id: q.id, values: [null] }));', /non-finite.*got null for mask 0/],
    ];
    for (const [name, body, pattern] of cases) {
      const { code, message } = await refusal(program(name, body));
      expect(`${code}: ${message}`).toMatch(pattern);
    }
    const ran = await cli(['explain', '--exec', 'webspex-no-such-program', '--players', '5']);
    expect(ran.code).toBe(7);
    expect(ran.err).toMatch(/^webspex: value-function: --exec: .*exit code 127/);
  });

  it('refuses what does not belong together', async () => {
    expect((await cli(['explain', '--exec', 'x', '--values', 'y', '--players', '3'])).err).toMatch(/either --values or --exec, got both/);
    expect((await cli(['explain', '--exec', 'x'])).err).toMatch(/expected --players N with --exec, got none/);
    expect((await cli(['explain', 'a text', '--exec', 'x', '--players', '3'])).err).toMatch(/either a text or --exec, got both/);
  });
});

describe('webspex compare', () => {
  const table = tableFile(at('table.f32'), 10, (m) => (m & 1 ? 2 : 0) + ((m & 6) === 6 ? 3 : 0) - (m & 8 ? 1 : 0));

  it('shows the methods of a table side by side, best first, on the same masks', async () => {
    const { out, code } = await cli(['compare', '--values', table, '--players', '10', '--methods', 'lime,pursuit,banzhaf,spex']);
    expect(code).toBe(0);
    expect(out).toMatch(/^a function of 10 players\n\nmethod +R² +95 % interval +passes +index\npursuit +1\.00 /);
    expect(out).toMatch(
      /\nbanzhaf +0\.\d\d +0\.\d\d to 0\.\d\d +256 {2}BV\n {4}x0 \+(1\.[89]|2\.[0-3])\d*, x[12] \+1\.\d+, x[12] \+1\.\d+\n/,
    );
    expect(out).toMatch(/R² on the same \d+ masks, which no method has fitted, beside a budget of 256\s+passes each/);
  });

  it('compares methods on a program and on a text, as JSON too', async () => {
    const text = [
      'a b c d e f g h i j',
      '--model',
      tiny,
      '--device',
      'reference',
      '--methods',
      'linear,kernelshap',
      '--budget',
      '100',
      '--json',
    ];
    const exec = ['--exec', program('compared', SAY), '--players', '12', '--methods', 'linear,kernelshap', '--budget', '100', '--json'];
    for (const args of [text, exec]) {
      const { out, code } = await cli(['compare', ...args]);
      expect(code).toBe(0);
      const c = JSON.parse(out) as Comparison;
      expect(c.methods.map((m) => m.method).sort()).toEqual(['kernelshap', 'linear']);
      expect(c.budget).toBe(100);
      expect(c.heldOut).toBeGreaterThanOrEqual(16);
      expect(c.methods.every((m) => m.explanation.format === 'webspex-explanation')).toBe(true);
    }
  });

  it('refuses unknown methods, and exact', async () => {
    expect((await cli(['compare', 'a b', '--methods', 'lime,kernelshp'])).err).toMatch(/got kernelshp; did you mean kernelshap\?/);
    expect((await cli(['compare', 'a b', '--methods', 'exact'])).err).toMatch(/got exact, which takes all; leave it out/);
  });
});
