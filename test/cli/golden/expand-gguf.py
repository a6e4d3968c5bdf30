"""Writes the weights of a GGUF file as float32, so that a server runs the same model without rounding activations to 8 bits.

python expand-gguf.py FILE.gguf FILE-f32.gguf    (gguf 0.19.0, numpy 2.4.6)
"""

import sys

import numpy as np
from gguf import GGUFReader, GGUFValueType, GGUFWriter, dequantize

source, target = sys.argv[1:3]
reader = GGUFReader(source)
writer = GGUFWriter(target, reader.fields["general.architecture"].contents())
LEFT_OUT = {"general.architecture", "general.file_type", "general.quantization_version"}
for name, field in reader.fields.items():
    if name.startswith("GGUF.") or name in LEFT_OUT:
        continue
    if field.types[0] == GGUFValueType.ARRAY:
        writer.add_array(name, field.contents())
    else:
        writer.add_key_value(name, field.contents(), field.types[0])
for tensor in reader.tensors:
    writer.add_tensor(tensor.name, dequantize(tensor.data, tensor.tensor_type).astype(np.float32))
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
