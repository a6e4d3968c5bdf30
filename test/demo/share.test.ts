import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeLink, encodeLink } from '../../demo/share.ts';

const link = (value: unknown) => `#s=${deflateRawSync(JSON.stringify(value)).toString('base64url')}`;
const settings = {
  model: 'org/name/file.gguf',
  target: 'positive',
  units: 'word',
  mask: 'remove',
  ablation: 'mean',
  layers: '3, 5',
  method: 'auto',
  until: '0.9',
  grade: 'audit',
  begin: 'texts',
  index: 'SV',
  device: 'wasm',
  budget: 9,
};

describe('links', () => {
  it('bring back any text and the settings they were made of', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', maxLength: 300 }), async (text) => {
        expect(await decodeLink(await encodeLink({ text, ...settings }))).toEqual({ text, ...settings });
      }),
      { numRuns: 50, seed: 1 },
    );
  });

  it('with text hold the reference texts too', async () => {
    const reference = 'A text.\nAnother one.';
    expect(await decodeLink(await encodeLink({ text: 'a', reference, ...settings }))).toEqual({ text: 'a', reference, ...settings });
  });

  it('without text hold settings only', async () => {
    expect(await decodeLink(await encodeLink(settings))).toEqual(settings);
  });

  it('of somebody else let only short strings and one number through', async () => {
    const hostile = {
      text: 7,
      reference: ['a text'],
      target: 'x'.repeat(5000),
      units: { toString: 'word' },
      mask: null,
      budget: '9',
      extra: 'y',
      __proto__: { polluted: 1 },
    };
    expect(await decodeLink(link(hostile))).toEqual({
      model: '',
      target: 'x'.repeat(200),
      units: '',
      mask: '',
      ablation: '',
      layers: '',
      method: '',
      until: '',
      grade: '',
      begin: '',
      index: '',
      device: '',
      budget: 0,
    });
  });

  it('that are mangled, empty, no object or unpack to far more than a text are none', async () => {
    const good = await encodeLink({ text: 'hello hello hello', ...settings });
    const bomb = link({ text: ' '.repeat(10_000_000) });
    expect(bomb.length).toBeLessThan(20_000); // short enough to be looked at
    for (const hash of ['', '#', '#s=', '#s=!!!!', '#other', good.slice(0, -6), `${good}AAAA%`, link(null), link([1].at(0)), bomb])
      expect(await decodeLink(hash), hash.slice(0, 40)).toBeNull();
  });
});
