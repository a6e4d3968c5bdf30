import type { Diagnosis } from '../diagnosis.ts';
import { visible, wrap } from './columns.ts';
import type { Style } from './style.ts';

const PLACES = { own: 'own driver', swiftshader: 'SwiftShader from npm' } as const;
const LIMITS = ['maxBufferSize', 'maxStorageBufferBindingSize', 'maxComputeInvocationsPerWorkgroup', 'maxComputeWorkgroupStorageSize'];
const NAMES = 22;

/** A name, and beside it what is to be said of it, wrapped. */
function entry(name: string, text: string, width: number): string[] {
  return wrap(visible(text), Math.max(20, width - NAMES)).map((line, i) => (i === 0 ? name : '').padEnd(NAMES) + line);
}

function size(bytes: number): string {
  if (bytes >= 2 ** 30) return `${Math.round((10 * bytes) / 2 ** 30) / 10} GiB`;
  if (bytes >= 2 ** 20) return `${Math.round(bytes / 2 ** 20)} MiB`;
  return bytes >= 1024 ? `${Math.round(bytes / 1024)} KiB` : String(bytes);
}

/** Bytes of the limits that are bytes. */
function limit(name: string, value: number): string {
  return `${name} ${/Size$/.test(name) ? size(value) : value}`;
}

/** How matrix products are computed: software runs no race. */
function tiles(tiling: string): string {
  return tiling.includes('x') ? `in tiles of ${tiling.replace('x', ' by ')}` : 'in tiles without barriers';
}

/** The cache with its models; a user who wants the room back removes a folder. */
function cacheLines({ folder, models }: NonNullable<Diagnosis['cache']>, width: number, style: Style): string[] {
  const total = models.reduce((sum, { bytes }) => sum + bytes, 0);
  const what =
    models.length === 0 ? 'no models of the hub' : `${models.length} of the hub, ${size(total)}; remove a folder to be rid of one`;
  return [
    ...entry('cache', `${folder}: ${what}`, width),
    ...models.flatMap(({ folder: model, bytes }) => entry(`  ${size(bytes)}`, model, width).map(style.dim)),
  ];
}

/** What doctor found, as lines. */
export function diagnosisLines(d: Diagnosis, width: number, style: Style): string[] {
  const say = (name: string, text: string) => entry(name, text, width);
  const works = (yes: boolean) => (yes ? '✓' : '✗');
  return [
    style.bold(`webspex ${d.webspex} · node ${d.node} · ${d.platform}`),
    '',
    ...d.places.flatMap(({ place, adapter, why, features, limits }) => [
      ...say(
        PLACES[place],
        adapter ? `${works(true)} ${adapter.adapter}${adapter.software ? ' (software)' : ''}` : `${works(false)} ${why}`,
      ),
      ...(adapter
        ? say('  half precision', features.includes('shader-f16') ? `${works(true)} --dtype fp16` : `${works(false)} no shader-f16`)
        : []),
      ...(adapter ? say('  subgroups', works(features.includes('subgroups'))) : []),
      ...(features.length > 0 ? say('  features', features.join(', ')).map(style.dim) : []),
      ...(adapter ? say('  limits', LIMITS.map((name) => limit(name, limits[name])).join(', ')).map(style.dim) : []),
    ]),
    '',
    ...d.backends.flatMap(({ backend, works: yes, adapter, tiling, why, difference }) => {
      const same = difference === null ? '' : ` as the reference does, within ${difference.toExponential(1)}`;
      const said = `runs the embedded model${same}, on ${adapter}${tiling === null ? '' : `, ${tiles(tiling)}`}`;
      return say(`backend ${backend}`, `${works(yes)} ${yes ? said : why}`);
    }),
    ...(d.model
      ? [
          ...say('embedded model', `${works(true)} ${d.model.id}, labels ${d.model.labels.join(', ')}, up to ${d.model.maxTokens} tokens`),
          ...say('  sha-256', `${d.model.sha256} (as its manifest says)`).map(style.dim),
        ]
      : say('embedded model', `${works(false)} not loaded`)),
    ...(d.cache ? cacheLines(d.cache, width, style) : []),
    '',
    ...d.advice.flatMap((line) => wrap(visible(line), width)),
  ];
}
