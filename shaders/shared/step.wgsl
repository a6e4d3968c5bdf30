// Bindings every kernel has: how many rows this run has of the step's kind, and the numbers of the step.
struct Run {
  rows: u32,
  serial: u32,
}

@group(0) @binding(0) var<uniform> run: Run;
@group(0) @binding(1) var<uniform> params: Params;
