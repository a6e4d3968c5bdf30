import type { AdapterFacts } from '../../src/webgpu.ts';

/** Those that decide what a model's programs may look like. */
const LIMITS = ['maxBufferSize', 'maxStorageBufferBindingSize', 'maxComputeWorkgroupStorageSize', 'maxComputeInvocationsPerWorkgroup'];

interface Brands {
  readonly userAgentData?: { readonly brands: readonly { readonly brand: string; readonly version: string }[]; readonly platform: string };
}

/** The browser and its system, as it names itself where it does in words. */
function browserName(): string {
  const data = (navigator as Brands).userAgentData;
  if (!data) return navigator.userAgent;
  const brands = data.brands.filter(({ brand }) => !/not.?a.?brand/i.test(brand)).map(({ brand, version }) => `${brand} ${version}`);
  return `${brands.join(', ')} on ${data.platform}`;
}

/** A line for each thing that makes one machine's numbers another's. */
export function machineLines(facts: AdapterFacts | null): string[] {
  const gpu = facts?.adapter;
  return [
    gpu
      ? `GPU: ${gpu.adapter}${gpu.software ? ', a software one: right, but its speed means nothing, so it is not measured' : ''}`
      : 'GPU: none',
    ...(facts
      ? [`Features: ${facts.features.join(', ') || 'none'}`, `Limits: ${LIMITS.map((l) => `${l} ${facts.limits[l]}`).join(', ')}`]
      : []),
    `Processors: ${navigator.hardwareConcurrency}`,
    `Browser: ${browserName()}`,
  ];
}
