"""Tiny tokenizers that cut text as each family's do: byte-level, WordPiece, and SentencePiece's two kinds."""

import random
from functools import cache

from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import PreTrainedTokenizerFast

from tests.unit.saeserve import tiny


def _sentences() -> list[str]:
    chance = random.Random(3)
    return [tiny.sentence(chance) for _ in range(300)]


def word_piece() -> PreTrainedTokenizerFast:
    """As BERT's: lower case, accents stripped, control characters removed, [CLS] and [SEP] round the text."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    bare = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    bare.normalizer = normalizers.BertNormalizer(lowercase=True)
    bare.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    bare.decoder = decoders.WordPiece()
    bare.train_from_iterator(
        _sentences(), trainers.WordPieceTrainer(vocab_size=300, special_tokens=special, show_progress=False)
    )
    bare.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=bare, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    )


def sentence_piece_bpe() -> PreTrainedTokenizerFast:
    """As Llama 2's and Gemma's: a mark for each space, one more in front of the text, unknown characters by their
    bytes, `<bos>` in front."""
    special = ["<pad>", "<eos>", "<bos>", "<unk>"]
    bare = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    bare.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    bare.pre_tokenizer = pre_tokenizers.Split(Regex("▁"), "merged_with_next")
    bare.decoder = decoders.ByteFallback()
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=[*special, *(f"<0x{byte:02X}>" for byte in range(256))], show_progress=False
    )
    bare.train_from_iterator(_sentences(), trainer)
    bare.add_special_tokens([AddedToken("<start_of_turn>", special=True, normalized=False)])
    bare.post_processor = processors.TemplateProcessing(single="<bos> $A", special_tokens=[("<bos>", 2)])
    return PreTrainedTokenizerFast(
        tokenizer_object=bare, bos_token="<bos>", eos_token="<eos>", pad_token="<pad>", unk_token="<unk>"
    )


def sentence_piece_unigram() -> PreTrainedTokenizerFast:
    """As XLM-RoBERTa's: compatibility characters are spelled out before the text is cut."""
    bare = Tokenizer(models.Unigram())
    bare.normalizer = normalizers.NFKC()
    bare.pre_tokenizer = pre_tokenizers.Metaspace()
    bare.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=200, special_tokens=["<s>", "</s>", "<unk>"], unk_token="<unk>", show_progress=False
    )
    bare.train_from_iterator(_sentences(), trainer)
    bare.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 1)])
    return PreTrainedTokenizerFast(tokenizer_object=bare, bos_token="<s>", eos_token="</s>", unk_token="<unk>")


KINDS = {
    "byte-level": cache(tiny.tokenizer),
    "word-piece": cache(word_piece),
    "sentence-piece-bpe": cache(sentence_piece_bpe),
    "sentence-piece-unigram": cache(sentence_piece_unigram),
}
"""Each made once."""
