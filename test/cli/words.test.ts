import { describe, expect, it } from 'vitest';
import { parseArguments, wholeNumber } from '../../src/cli/arguments.ts';
import { describeFailure, EXIT_CODES } from '../../src/cli/exit-codes.ts';
import { resolveMembers, splitMembers, strongestMembers } from '../../src/cli/members.ts';
import { editDistance, nearest } from '../../src/cli/nearest.ts';
import { bar, createProgress, passesLine } from '../../src/cli/progress.ts';
import { passesOf } from '../../src/cli/session.ts';
import { type Explanation, type RunProgress, WebspexError } from '../../src/index.ts';
import { thrownBy } from '../model/support.ts';
import { memoryIo } from './support.ts';

describe('arguments', () => {
  const names = { values: ['model', 'budget'], flags: ['json'] };
  const parse = (...args: string[]) => parseArguments('explain', args, names);

  it('may stand anywhere, as --name value or --name=value, the last one counts, and -- ends them', () => {
    const args = parse('a text', '--budget', '64', '--json', '--budget=128', '--', '--model');
    expect(args.positionals).toEqual(['a text', '--model']);
    expect([args.value('budget'), args.value('model'), args.has('json'), args.has('help')]).toEqual(['128', undefined, true, false]);
  });

  it('take a value that begins with one dash, but not an option, as a value', () => {
    expect(parse('--model', '-').value('model')).toBe('-');
    expect(thrownBy(() => parse('--model', '--json')).message).toContain('a value after --model, got none');
  });

  it('refuse what they do not know, with the nearest name', () => {
    expect(thrownBy(() => parse('--modl', 'x')).message).toBe('explain: expected an option it knows, got --modl; did you mean --model?');
    expect(thrownBy(() => parse('-x')).message).toContain('got -x; see webspex help explain');
    expect(thrownBy(() => parse('--constructor')).message).toContain('expected an option it knows');
  });

  it('read whole numbers within bounds, and nothing that merely begins with one', () => {
    expect(wholeNumber(parse('--budget', '64'), 'budget', 1, 100)).toBe(64);
    for (const wrong of ['0', '101', '1.5', '1e2', '0x10', ' 5', '', '٣'])
      expect(thrownBy(() => wholeNumber(parse(`--budget=${wrong}`), 'budget', 1, 100)).code).toBe('usage');
  });
});

describe('the nearest name', () => {
  it('is the one with fewest edits, a swap counting once', () => {
    expect([
      editDistance('explain', 'explain'),
      editDistance('explian', 'explain'),
      editDistance('', 'abc'),
      editDistance('kitten', 'sitting'),
    ]).toEqual([0, 1, 3, 3]);
    const commands = ['explain', 'verify', 'view', 'bench', 'doctor', 'start'];
    expect(['explan', 'expl', 'veryfi', 'vew', 'benchmark', 'docter', 'strat'].map((w) => nearest(w, commands))).toEqual([
      'explain',
      'explain',
      'verify',
      'view',
      'bench',
      'doctor',
      'start',
    ]);
  });

  it('is none where nothing is near', () => {
    expect(nearest('frobnicate', ['explain', 'view'])).toBeNull();
    expect(nearest('x', ['a', 'b'])).toBeNull();
  });
});

describe('failures', () => {
  it('have one line and the exit code of the contract', () => {
    expect(EXIT_CODES).toMatchObject({
      usage: 2,
      'too-long': 2,
      'bad-file': 3,
      'hash-mismatch': 3,
      'self-check': 4,
      'no-adapter': 5,
      'device-lost': 6,
      'non-finite': 7,
      aborted: 130,
    });
    expect(describeFailure(new WebspexError('bad-file', 'a: expected b,\n got c'))).toEqual({
      line: 'webspex: bad-file: a: expected b, got c',
      exitCode: 3,
    });
  });

  it('that are not ours are bugs, and say so without a stack', () => {
    const { line, exitCode } = describeFailure(new TypeError('x is not a function\n    at y (z.js:1)'));
    expect(line).toBe('webspex: self-check: internal error: x is not a function at y (z.js:1); please report it');
    expect(exitCode).toBe(4);
    expect(describeFailure('a string').line).toContain('internal error: a string');
  });
});

describe('members', () => {
  const players = ['Not', 'bad', 'not', 'great', '20'].map((label, id) => ({ id, label, start: 0, end: 0 }));
  const resolve = (given: string) => resolveMembers(splitMembers(given), { players });

  it('are words in any case, labels as printed or as typed, players from 0, or #players, and come out ascending', () => {
    expect([resolve('GREAT,bad'), resolve('not₃, Not₁'), resolve('NOT3,not1'), resolve('3,1'), resolve('#4,0'), resolve('20,bad')]).toEqual(
      [
        [1, 3],
        [0, 2],
        [0, 2],
        [1, 3],
        [0, 4],
        [1, 4],
      ],
    );
  });

  it('that are nowhere, twice, ambiguous or too many are refused with what to do', () => {
    const refused = (given: string) => thrownBy(() => resolve(given)).message;
    expect(refused('grate')).toContain('did you mean great?');
    expect(refused('xyzzyx')).toContain('there are Not₁, bad, not₃, great, 20');
    expect(refused('not,bad')).toContain('got 2 of them (Not₁, not₃); write Not1 for the first');
    expect(refused('not2,bad')).toContain('did you mean not?');
    expect(refused('1,bad')).toContain('got bad twice');
    expect(refused('5')).toContain('players from 0 to 4, got 5');
    expect(refused('0,1,2,3,4')).toContain('at most 4');
    expect(refused(',')).toContain('write never,fails or 2,3');
  });

  it('typed with a number are refused where they could be two: a₁₁ and a1₁', () => {
    const labels = ['a1', 'a1', ...'bcdefghi', 'a', 'a'];
    const crowd = labels.map((label, id) => ({ id, label, start: 0, end: 0 }));
    expect(thrownBy(() => resolveMembers(['a11', 'b'], { players: crowd })).message).toContain('got 2 of them (a1₁, a₁₁)');
    expect(resolveMembers(['a₁₁', 'a1₁'], { players: crowd })).toEqual([0, 10]);
  });

  it('default to the largest interaction of two to four', () => {
    const interactions = [[0], [0, 1, 2, 3, 4], [1, 2], [0, 1]].map((members) => ({ members, value: 1, se: 0 }));
    expect(strongestMembers({ interactions })).toEqual([1, 2]);
    expect(thrownBy(() => strongestMembers({ interactions: interactions.slice(0, 2) })).code).toBe('usage');
  });
});

describe('a run that will take long', () => {
  /** Runs at this many passes a second, to a budget of 1,024. */
  const at = (queries: number, masksPerSecond: number): RunProgress => ({
    queries,
    budget: 1024,
    masksPerSecond,
    etaMs: (1000 * (1024 - queries)) / masksPerSecond,
    phase: 'evaluating',
  });
  const said = (units: string | undefined, ...passes: RunProgress[]) => {
    const io = memoryIo();
    const tell = passesOf(createProgress(io), { options: { units: units as 'word' | undefined }, lens: { lens: 'text' } });
    for (const p of passes) tell(p);
    return io.stderr();
  };

  it('says once, after a second of passes, how long it will take and what is quicker', () => {
    const line =
      'webspex: this will take about 4 min 14 s; a smaller --budget or --units sentence is quicker, Ctrl-C shows what is known by then\n';
    expect(said(undefined, at(8, 4), at(16, 4))).toBe(line);
    expect(said('word', at(2, 4), at(8, 4))).toBe(line);
    // A slow first batch of a quick device is no measure.
    expect(said('word', at(2, 4), at(200, 100), at(300, 4))).toBe('');
  });

  it('is told of coarser units only where there are some', () => {
    for (const units of ['sentence', '/x/']) expect(said(units, at(8, 4))).toMatch(/; a smaller --budget is quicker/);
  });
});

describe('progress', () => {
  const at = (queries: number, changes: Partial<RunProgress> = {}): RunProgress => ({
    queries,
    budget: 1024,
    masksPerSecond: 340,
    etaMs: (1000 * (1024 - queries)) / 340,
    phase: 'evaluating',
    ...changes,
  });
  /** Progress on a clock that only we turn. */
  const clocked = (io: ReturnType<typeof memoryIo>) => {
    let time = 0;
    const progress = createProgress(io, () => time);
    return { progress, wait: (ms: number) => (time += ms) };
  };
  const look = (r2: number) => ({ fit: { r2 } }) as Explanation;

  it('is a bar with passes, rate, time left and R², within the width', () => {
    expect(passesLine(at(512), 0.914, 80)).toMatch(/^▕█{13}▌ {13}▏ 512 of 1,024 passes · 340\/s · 1\.5 s left · R² 0\.91$/);
    expect(passesLine(at(512, { phase: 'decoding' }), null, 80)).toContain('· solving');
    for (const width of [39, 50, 80]) expect(passesLine(at(512), -0.5, width).length).toBeLessThanOrEqual(width);
  });

  it('counts to the number of masks there are, where that is less than the budget', () => {
    expect(passesLine(at(32, { masksPerSecond: 10, etaMs: 3200 }), null, 80)).toMatch(/▕█{15} {15}▏ 32 of 64 passes/);
  });

  it('bars are as long as their share, to an eighth', () => {
    expect([bar(0, 4), bar(1, 4), bar(0.5, 4), bar(1 / 32, 4), bar(7, 2)]).toEqual(['    ', '████', '██  ', '▏   ', '██']);
  });

  it('redraws one line of a terminal, at most ten times a second, and takes it away', () => {
    const io = memoryIo({ errIsTerminal: true });
    const { progress, wait } = clocked(io);
    progress.say('looking');
    progress.passes(at(8));
    wait(150);
    progress.look(look(0.5));
    for (const queries of [16, 24, 32]) progress.passes(at(queries));
    progress.passes(at(40, { phase: 'decoding' }));
    progress.clear();
    progress.clear();
    const drawn = io.stderr().split('\r\u001b[K');
    expect(drawn.slice(1, 3).join('|')).toMatch(/^looking\|.* 16 of 1,024 passes · 340\/s · 3\.0 s left · R² 0\.50$/);
    expect(drawn[3]).toContain('40 of');
    expect(drawn.slice(4)).toEqual(['']);
    expect(io.stderr()).not.toContain('\n');
    expect(io.stdout()).toBe('');
  });

  it('is silent elsewhere but for a line after 10, 30, 70 … seconds', () => {
    const io = memoryIo();
    const { progress, wait } = clocked(io);
    progress.say('looking');
    progress.loading({ status: 'progress', name: 'm', file: 'f', progress: 50 });
    for (let second = 0; second <= 69; second++) {
      progress.passes(at(second));
      wait(1000);
    }
    progress.clear();
    expect(io.stderr()).toBe('webspex: 10 of 1,024 passes, 3.0 s left\nwebspex: 30 of 1,024 passes, 2.9 s left\n');
    expect(io.stdout()).toBe('');
  });

  it('shows what is loaded, with its share, and no name that could steer the terminal', () => {
    const io = memoryIo({ errIsTerminal: true });
    const { progress, wait } = clocked(io);
    progress.loading({ status: 'initiate', name: 'evil\u001b[2J', file: 'config.json' });
    wait(200);
    progress.loading({ status: 'progress', name: 'm', file: 'model.safetensors', progress: 49.9 });
    progress.loading({ status: 'done', name: 'm', file: 'model.safetensors' });
    const drawn = io.stderr().split('\r\u001b[K').slice(1);
    expect(drawn).toEqual(['loading evil\\u{1b}[2J/config.json …', 'loading m/model.safetensors 49 % …', 'preparing m for the device …']);
  });

  it('keeps notes above the moving line', () => {
    const io = memoryIo({ errIsTerminal: true });
    const { progress } = clocked(io);
    progress.say('looking');
    progress.note('no GPU');
    expect(io.stderr()).toBe('\r\u001b[Klooking\r\u001b[Kwebspex: no GPU\n');
  });
});
