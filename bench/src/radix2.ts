/**
 * The transform as onnxruntime 1.30 has it inside of its attention (com.microsoft GroupQueryAttention with a quantised cache; no operator
 * of its own): a workgroup owns a row in workgroup memory, a stage is a pass over it, and a barrier ends each stage. Written anew.
 */
const WGSL = /* wgsl */ `
override SIZE: u32;
const LANES = 256u;

@group(0) @binding(0) var<storage, read> input: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> output: array<vec4<f32>>;
var<workgroup> row: array<f32, 4096>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let start = group.x * (SIZE / 4u);
  for (var i = lane; i < SIZE / 4u; i += LANES) {
    let four = input[start + i];
    row[4u * i] = four.x;
    row[4u * i + 1u] = four.y;
    row[4u * i + 2u] = four.z;
    row[4u * i + 3u] = four.w;
  }
  workgroupBarrier();
  for (var h = 1u; h < SIZE; h *= 2u) {
    for (var pair = lane; pair < SIZE / 2u; pair += LANES) {
      let low = pair & (h - 1u);
      let at = ((pair - low) << 1u) + low;
      let a = row[at];
      let b = row[at + h];
      row[at] = a + b;
      row[at + h] = a - b;
    }
    workgroupBarrier();
  }
  for (var i = lane; i < SIZE / 4u; i += LANES) {
    output[start + i] = vec4(row[4u * i], row[4u * i + 1u], row[4u * i + 2u], row[4u * i + 3u]);
  }
}
`;

/** Up to `mostRows` rows of `size` numbers, at most 4,096, on a device of its own, from JavaScript's memory and back. */
export async function createRadix2(given: GPU | undefined, size: number, mostRows: number) {
  const gpu = given ?? navigator.gpu;
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) throw new Error('radix2: expected an adapter, got none');
  const device = await adapter.requestDevice();
  const module = device.createShaderModule({ code: WGSL });
  const pipeline = await device.createComputePipelineAsync({
    layout: 'auto',
    compute: { module, entryPoint: 'main', constants: { SIZE: size } },
  });
  const bytes = 4 * size * mostRows;
  const { STORAGE, COPY_DST, COPY_SRC, MAP_READ } = GPUBufferUsage;
  const input = device.createBuffer({ size: bytes, usage: STORAGE | COPY_DST });
  const output = device.createBuffer({ size: bytes, usage: STORAGE | COPY_SRC });
  const home = device.createBuffer({ size: bytes, usage: MAP_READ | COPY_DST });
  const group = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [input, output].map((buffer, binding) => ({ binding, resource: { buffer } })),
  });
  return {
    async run(rows: Float32Array): Promise<Float32Array> {
      device.queue.writeBuffer(input, 0, rows as Float32Array<ArrayBuffer>);
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(rows.length / size);
      pass.end();
      encoder.copyBufferToBuffer(output, 0, home, 0, rows.byteLength);
      device.queue.submit([encoder.finish()]);
      await home.mapAsync(GPUMapMode.READ, 0, rows.byteLength);
      const out = new Float32Array(home.getMappedRange(0, rows.byteLength)).slice();
      home.unmap();
      return out;
    },
    destroy() {
      for (const buffer of [input, output, home]) buffer.destroy();
      device.destroy();
    },
  };
}
