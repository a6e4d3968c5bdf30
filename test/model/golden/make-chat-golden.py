"""Makes chat.json: prompts that transformers' apply_chat_template makes of messages, for templates of several kinds.

    pip install transformers tokenizers jinja2
    python make-chat-golden.py

The first template is that of SmolLM2-135M-Instruct (Hugging Face, Apache-2.0); the others are written for this test.
"""

import json
from pathlib import Path

import transformers
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast

OUT = Path(__file__).parent / "chat.json"
TOKENS = {"bos_token": "<s>", "eos_token": "</s>"}
TEMPLATES = {
    "smollm2": "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
    "trims": "{{ bos_token }}{% for message in messages %}\n    {%- if message.role == 'user' %}\n        {{- '[INST] ' ~ (message.content | trim) ~ ' [/INST]' }}\n    {%- else %}\n        {{- '<<SYS>>' + message.content.strip() + '<</SYS>>' }}\n    {%- endif %}\n{%- endfor %}\n{% if not add_generation_prompt %}{{ eos_token }}{% endif %}",
    "refuses": "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Roles must alternate') }}{% endif %}{{ '<turn>' + message['role'] + '\n' + message['content'] | trim + '</turn>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<turn>model\n' }}{% endif %}",
    "macros": "{%- macro turn(role, content) -%}\n<{{ role | upper }}>{{ content }}\n{%- endmacro -%}\n{%- set ns = namespace(count=0) -%}\n{%- for message in messages if message.content is defined -%}\n{%- set ns.count = ns.count + 1 -%}\n{{ turn(message.role, message.content) }} {{ ns.count }}/{{ messages | length }};\n{%- endfor -%}\n{{ tools is defined and tools or 'no tools' }}:",
}
ASKED = ["What is the capital of France?", " Two lines:\nof {{ text }} and {% signs %}\n", "naïve 日本 <|im_end|>"]


def main():
    golden = {"madeBy": "test/model/golden/make-chat-golden.py", "transformers": transformers.__version__, "tokens": TOKENS, "templates": {}}
    made = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.BPE(vocab={"a": 0}, merges=[])), **TOKENS)
    for name, source in TEMPLATES.items():
        rows = []
        for text in ASKED:
            for system in [None, "Answer in one word."]:
                messages = ([] if system is None else [{"role": "system", "content": system}]) + [{"role": "user", "content": text}]
                try:
                    prompt = made.apply_chat_template(messages, chat_template=source, add_generation_prompt=True, tokenize=False)
                except Exception as error:
                    prompt = {"error": str(error)}
                rows.append({"messages": messages, "prompt": prompt})
        golden["templates"][name] = {"source": source, "rows": rows}
    OUT.write_text(json.dumps(golden, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
