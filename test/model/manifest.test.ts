import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { WebspexError } from '../../src/core/errors.ts';
import { createRandom } from '../../src/core/random.ts';
import { parseManifest, readManifest, readVerified, sha256Hex } from '../../src/model/manifest.ts';
import type { ModelSource } from '../../src/model/model.ts';
import { openSource } from '../../src/model/source.ts';
import { mutants, rejectedBy, thrownBy } from './support.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);
const sourceOf = (files: Record<string, string | WebspexError>): ModelSource => ({
  id: 'test',
  revision: '',
  async read(file) {
    const content = files[file];
    if (content === undefined) throw new WebspexError('not-found', `no ${file}`);
    if (content instanceof WebspexError) throw content;
    return utf8(content);
  },
});
const hash = (text: string) => createHash('sha256').update(text).digest('hex');
const valid = {
  format: 'webspex-model',
  version: 1,
  id: 'a/b',
  revision: '2',
  files: { 'config.json': { bytes: 2, sha256: hash('{}') } },
};

afterEach(() => vi.unstubAllGlobals());

describe('a manifest', () => {
  it('lets a file pass whose length and hash are right, and hands over its hash', async () => {
    const source = sourceOf({ 'manifest.json': JSON.stringify(valid), 'config.json': '{}' });
    const manifest = await readManifest(source);
    expect([manifest?.id, manifest?.revision]).toEqual(['a/b', '2']);
    const { bytes, sha256 } = await readVerified(source, manifest, 'config.json');
    expect([new TextDecoder().decode(bytes), sha256]).toEqual(['{}', hash('{}')]);
  });

  it('stops a file that has changed, with both hashes', async () => {
    for (const content of ['{ }', '[]', '']) {
      const source = sourceOf({ 'manifest.json': JSON.stringify(valid), 'config.json': content });
      const error = await rejectedBy(readVerified(source, await readManifest(source), 'config.json'));
      expect([error.code, error.message]).toEqual([
        'hash-mismatch',
        expect.stringMatching(`expected 2 bytes with SHA-256 ${hash('{}')}, got ${content.length} with ${hash(content)}`),
      ]);
    }
  });

  it('stops a file that it does not list, which would go unchecked', async () => {
    const source = sourceOf({ 'manifest.json': JSON.stringify(valid), 'model.safetensors': 'x', valueOf: 'x' });
    const manifest = await readManifest(source);
    expect((await rejectedBy(readVerified(source, manifest, 'model.safetensors'))).message).toMatch(
      /expected model\.safetensors among them/,
    );
    expect((await rejectedBy(readVerified(source, manifest, 'valueOf'))).code).toBe('bad-file');
  });

  it('may be absent, but not unreadable', async () => {
    const bare = sourceOf({ 'config.json': '{}' });
    expect(await readManifest(bare)).toBeNull();
    expect((await readVerified(bare, null, 'config.json')).sha256).toBe(hash('{}'));
    const broken = sourceOf({ 'manifest.json': new WebspexError('bad-file', 'HTTP 503') });
    expect((await rejectedBy(readManifest(broken))).message).toBe('HTTP 503');
  });

  it('is refused by the key that is wrong', () => {
    const file = (entry: unknown) => ({ files: { 'config.json': entry } });
    const cases: [object | null, RegExp][] = [
      [{ format: 'x' }, /got "x" version 1/],
      [{ version: 2 }, /version 2/],
      [{ id: 7 }, /string for id and for revision, got 7/],
      [{ revision: null }, /got "a\/b" and null/],
      [{ files: null }, /files: expected some, got null/],
      [{ files: {} }, /files: expected some/],
      [file(null), /"config\.json": expected bytes and sha256/],
      [file({ bytes: -1, sha256: hash('') }), /expected bytes and sha256/],
      [file({ bytes: 1.5, sha256: hash('') }), /expected bytes and sha256/],
      [file({ bytes: 1, sha256: hash('').toUpperCase() }), /64 lower-case/],
      [file({ bytes: 1, sha256: [hash('')] }), /expected bytes and sha256/],
    ];
    for (const [change, message] of cases) {
      const error = thrownBy(() => parseManifest(utf8(JSON.stringify({ ...valid, ...change }))));
      expect([error.code, error.message]).toEqual(['bad-file', expect.stringMatching(message)]);
    }
    for (const text of ['', 'null', '[]', '{', '"manifest"']) expect(thrownBy(() => parseManifest(utf8(text))).code).toBe('bad-file');
  });

  it('survives 1,000 seeded mutants with typed errors only', () => {
    for (const bytes of mutants(utf8(JSON.stringify(valid)), 1000, createRandom(5)))
      try {
        parseManifest(bytes);
      } catch {
        expect(thrownBy(() => parseManifest(bytes)).code).toBe('bad-file');
      }
  });
});

describe('SHA-256', () => {
  it('equals Node’s for lengths around a block', async () => {
    for (const length of [0, 1, 55, 56, 63, 64, 65, 1000]) {
      const text = 'x'.repeat(length);
      expect(await sha256Hex(utf8(text))).toBe(hash(text));
    }
  });

  it('is refused with a reason where a page has no crypto.subtle', async () => {
    vi.stubGlobal('crypto', {});
    const error = await rejectedBy(sha256Hex(utf8('x')));
    expect([error.code, error.message]).toEqual(['insecure-context', expect.stringMatching(/https or localhost/)]);
  });
});

it('the embedded model is what its manifest says, file by file', async () => {
  const folder = new URL('../../models/minilm-sst2/', import.meta.url);
  const source = openSource(folder);
  const manifest = await readManifest(source);
  expect([...(manifest?.files.keys() ?? [])].sort()).toEqual(['config.json', 'model.safetensors', 'tokenizer.json']);
  for (const file of manifest?.files.keys() ?? []) {
    const { sha256 } = await readVerified(source, manifest, file);
    expect(sha256).toBe(
      createHash('sha256')
        .update(readFileSync(new URL(file, folder)))
        .digest('hex'),
    );
  }
});
