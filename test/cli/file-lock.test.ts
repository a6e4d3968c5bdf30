import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type FileLock, lockFile } from '../../src/cli/file-lock.ts';
import { cli, ended, scratch, startCli } from './support.ts';

const folder = scratch();
const at = (name: string) => join(folder, name);
const lockOf = (log: string, pid: number, id: string, host = hostname()) =>
  writeFileSync(`${log}.lock`, `${JSON.stringify({ pid, host, id })}\n`);
const pause = () => new Promise((done) => setTimeout(done, 20));

/** The number of a process that has ended. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await new Promise((done) => child.on('close', done));
  return child.pid as number;
}

const slow = at('slow.mjs');
writeFileSync(
  slow,
  `import { createInterface } from 'node:readline';
for await (const line of createInterface({ input: process.stdin })) {
  const { id, masks } = JSON.parse(line);
  await new Promise((done) => setTimeout(done, Number(process.env.DELAY) * masks.length));
  console.log(JSON.stringify({ id, values: masks.map((m) => 2 * m[0] - m[1] + 3 * m[2] * m[3]) }));
}
`,
);
const run = (log: string) => [
  ...['explain', '--exec', `"${process.execPath}" "${slow}"`, '--players', '20', '--method', 'linear', '--budget', '120'],
  ...['--resume', log, '--json'],
];
const masksIn = (log: string) =>
  existsSync(log)
    ? readFileSync(log, 'utf8')
        .split('\n')
        .slice(1, -1)
        .map((line) => (JSON.parse(line) as { mask: string }).mask)
    : [];

describe('a log that two processes want', () => {
  it('is refused to the second while the first writes, which is named; killed, the first leaves it to the next', async () => {
    const log = at('shared.jsonl');
    const first = startCli(run(log), { DELAY: '30' });
    const over = ended(first);
    while (masksIn(log).length < 9) await pause();
    const second = await cli(run(log), '', { DELAY: '0' });
    expect(second).toMatchObject({ code: 3, out: '' });
    expect(second.err).toContain(`bad-file: ${log}: expected a log that no other process writes, got one that process ${first.pid} holds`);
    expect(second.err).toContain(`wait for it or end it, name another file, or remove ${log}.lock`);
    first.kill('SIGKILL');
    await over;
    expect(existsSync(`${log}.lock`)).toBe(true);
    const third = await cli(run(log), '', { DELAY: '0' });
    expect(third.code).toBe(0);
    const all = masksIn(log);
    expect([all.length, new Set(all).size]).toEqual([120, 120]);
    expect(readdirSync(folder).filter((name) => name.includes('.lock'))).toEqual([]);
  });

  it('goes to one of several that find the lock of a dead process', async () => {
    const log = at('raced.jsonl');
    lockOf(log, await deadPid(), 'dead');
    // Each takes half a minute, far longer than the others take to start; what has been refused is over at once.
    const children = Array.from({ length: 4 }, () => startCli(run(log), { DELAY: '250' }));
    const overs = children.map(async (child) => ({ child, ran: await ended(child) }));
    const refused = await new Promise<readonly { pid: number; err: string; code: number | null }[]>((done) => {
      const seen: { pid: number; err: string; code: number | null }[] = [];
      for (const over of overs)
        over.then(({ child, ran }) => {
          seen.push({ pid: child.pid as number, err: ran.err, code: ran.code });
          if (seen.length === 3) done([...seen]);
        });
    });
    const [winner] = children.filter((child) => !refused.some(({ pid }) => pid === child.pid));
    expect(refused.map(({ code }) => code)).toEqual([3, 3, 3]);
    for (const { err } of refused) expect(err).toContain(`process ${winner.pid} holds`);
    winner.kill('SIGKILL');
    await Promise.all(overs);
  });

  it('is freed where it turns out to be of another question', async () => {
    const log = at('other.jsonl');
    writeFileSync(log, '{"format":"webspex-log","version":1,"hash":"","players":3,"about":{}}\n');
    expect((await cli(run(log), '', { DELAY: '0' })).err).toContain('expected a log of this question');
    expect(existsSync(`${log}.lock`)).toBe(false);
  });
});

describe('the lock of a file', () => {
  const attempts = async (log: string, count: number) => {
    const tried = await Promise.allSettled(Array.from({ length: count }, () => lockFile(log)));
    const won = tried.flatMap((t) => (t.status === 'fulfilled' ? [t.value] : []));
    return { won, lost: tried.flatMap((t) => (t.status === 'rejected' ? [t.reason as Error] : [])) };
  };
  const released = async (locks: readonly FileLock[]) => {
    for (const lock of locks) await lock.release();
  };

  it('is won by one of many, whether there was none, a dead one, or a dead one that a dead one was taking over', async () => {
    const dead = await deadPid();
    const inside = at('many');
    mkdirSync(inside);
    for (const left of ['none', 'dead', 'claimed']) {
      const log = join(inside, left);
      if (left !== 'none') lockOf(log, dead, 'one');
      if (left === 'claimed') writeFileSync(`${log}.lock.one.claim`, `${JSON.stringify({ pid: dead, host: hostname(), id: 'two' })}\n`);
      const { won, lost } = await attempts(log, 24);
      expect([won.length, lost.length]).toEqual([1, 23]);
      for (const error of lost)
        expect(error).toMatchObject({ code: 'bad-file', message: expect.stringContaining(`process ${process.pid} holds`) });
      expect(readdirSync(inside)).toEqual([`${left}.lock`]);
      await released(won);
      expect(readdirSync(inside)).toEqual([]);
    }
  });

  it('of another machine counts as held, and what is no lock is not touched', async () => {
    lockOf(at('far'), 1, 'x', 'elsewhere');
    await expect(lockFile(at('far'))).rejects.toThrow(/process 1 on elsewhere holds/);
    writeFileSync(at('notes.lock'), 'milk\n');
    await expect(lockFile(at('notes'))).rejects.toThrow(/notes\.lock: expected the lock of a log, got another file; remove it/);
    expect(readFileSync(at('notes.lock'), 'utf8')).toBe('milk\n');
    await expect(lockFile(at('no/such'))).rejects.toMatchObject({ code: 'bad-file' });
  });

  it('of an earlier process whose number this one got is taken over', async () => {
    lockOf(at('again'), process.pid, 'before');
    await released([await lockFile(at('again'))]);
    expect(existsSync(at('again.lock'))).toBe(false);
  });

  it.skipIf(process.platform !== 'linux')(
    'of a process that has ended and that its parent has not asked for yet is taken over',
    async () => {
      // The child outlives the shell, which would ask for it; `sleep`, in its place by then, does not.
      const parent = spawn('sh', ['-c', 'sleep 1 & echo $!; exec sleep 60']);
      const pid = await new Promise<number>((done) => parent.stdout.once('data', (text: Buffer) => done(Number(text.toString()))));
      while (!readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')) await pause();
      lockOf(at('zombie'), pid, 'gone');
      await released([await lockFile(at('zombie'))]);
      parent.kill();
    },
  );
});
