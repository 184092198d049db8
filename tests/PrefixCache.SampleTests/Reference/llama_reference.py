"""Llama forward pass in numpy, in double precision: python3 llama_reference.py FOLDER TOKENS KV_DTYPE OUTPUT.

Written from the architecture's description, one token after the other, sharing nothing with the decoder that it checks.
"""

import json
import os
import struct
import sys

import numpy as np


def read_safetensors(path, tensors):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        start, end = entry["data_offsets"]
        raw = data[start:end]
        if entry["dtype"] == "F32":
            values = np.frombuffer(raw, "<f4")
        elif entry["dtype"] == "F16":
            values = np.frombuffer(raw, "<f2")
        elif entry["dtype"] == "BF16":
            values = (np.frombuffer(raw, "<u2").astype(np.uint32) << 16).view(np.float32)
        else:
            raise ValueError(entry["dtype"])
        tensors[name] = values.astype(np.float64).reshape(entry["shape"])


def load(folder):
    tensors = {}
    index = os.path.join(folder, "model.safetensors.index.json")
    if os.path.exists(index):
        with open(index) as file:
            shards = sorted(set(json.load(file)["weight_map"].values()))
    else:
        shards = ["model.safetensors"]
    for shard in shards:
        read_safetensors(os.path.join(folder, shard), tensors)
    with open(os.path.join(folder, "config.json")) as file:
        return json.load(file), tensors


def round_kv(values, dtype):
    if dtype == "f16":
        return values.astype(np.float16).astype(np.float64)
    if dtype == "bf16":
        bits = values.astype(np.float32).view(np.uint32)
        bits = (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000
        return bits.astype(np.uint32).view(np.float32).astype(np.float64)
    return values


def inverse_frequencies(config, head_dim):
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    theta = rope.get("rope_theta", config.get("rope_theta", 10000.0))
    frequencies = 1.0 / theta ** (np.arange(0, head_dim, 2) / head_dim)
    if rope.get("rope_type", rope.get("type", "default")) != "llama3":
        return frequencies
    low, high = rope["low_freq_factor"], rope["high_freq_factor"]
    original = rope["original_max_position_embeddings"]
    scaled = []
    for frequency in frequencies:
        wavelength = 2 * np.pi / frequency
        if wavelength < original / high:
            scaled.append(frequency)
        elif wavelength > original / low:
            scaled.append(frequency / rope["factor"])
        else:
            blend = (original / wavelength - low) / (high - low)
            scaled.append((1 - blend) * frequency / rope["factor"] + blend * frequency)
    return np.array(scaled)


def rotate(heads, angles):
    half = heads.shape[-1] // 2
    cos = np.concatenate([np.cos(angles), np.cos(angles)])
    sin = np.concatenate([np.sin(angles), np.sin(angles)])
    turned = np.concatenate([-heads[:, half:], heads[:, :half]], axis=1)
    return heads * cos + turned * sin


class Model:
    def __init__(self, folder, kv_dtype):
        self.config, self.weights = load(folder)
        self.kv_dtype = kv_dtype
        self.heads = self.config["num_attention_heads"]
        self.kv_heads = self.config.get("num_key_value_heads") or self.heads
        self.head_dim = self.config.get("head_dim") or self.config["hidden_size"] // self.heads
        self.frequencies = inverse_frequencies(self.config, self.head_dim)
        self.cache = [([], []) for _ in range(self.config["num_hidden_layers"])]

    def linear(self, name, x):
        y = self.weights[name + ".weight"] @ x
        bias = self.weights.get(name + ".bias")
        return y if bias is None else y + bias

    def norm(self, name, x):
        return x / np.sqrt(np.mean(x * x) + self.config["rms_norm_eps"]) * self.weights[name + ".weight"]

    def attention(self, layer, x, position):
        prefix = f"model.layers.{layer}.self_attn."
        angles = position * self.frequencies
        query = rotate(self.linear(prefix + "q_proj", x).reshape(self.heads, -1), angles)
        key = rotate(self.linear(prefix + "k_proj", x).reshape(self.kv_heads, -1), angles)
        value = self.linear(prefix + "v_proj", x).reshape(self.kv_heads, -1)
        keys, values = self.cache[layer]
        keys.append(round_kv(key, self.kv_dtype))
        values.append(round_kv(value, self.kv_dtype))
        outputs = []
        for head in range(self.heads):
            shared = head * self.kv_heads // self.heads
            scores = np.array([key[shared] @ query[head] for key in keys]) / np.sqrt(self.head_dim)
            weights = np.exp(scores - scores.max())
            weights /= weights.sum()
            outputs.append(sum(w * value[shared] for w, value in zip(weights, values)))
        return self.linear(prefix + "o_proj", np.concatenate(outputs))

    def step(self, token, position):
        x = self.weights["model.embed_tokens.weight"][token]
        for layer in range(self.config["num_hidden_layers"]):
            prefix = f"model.layers.{layer}."
            x = x + self.attention(layer, self.norm(prefix + "input_layernorm", x), position)
            y = self.norm(prefix + "post_attention_layernorm", x)
            gate = self.linear(prefix + "mlp.gate_proj", y)
            up = self.linear(prefix + "mlp.up_proj", y)
            x = x + self.linear(prefix + "mlp.down_proj", gate / (1 + np.exp(-gate)) * up)
        head = "model.embed_tokens" if self.config.get("tie_word_embeddings") else "lm_head"
        return self.weights[head + ".weight"] @ self.norm("model.norm", x)


def main():
    folder, tokens, kv_dtype, output = sys.argv[1:]
    model = Model(folder, kv_dtype)
    logits = [model.step(int(token), position) for position, token in enumerate(tokens.split(","))]
    np.array(logits).astype("<f4").tofile(output)


if __name__ == "__main__":
    main()
