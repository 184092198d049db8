using System.Text;
using FsCheck;
using FsCheck.Fluent;
using PrefixCache.Samples.Llama.Model;
using PrefixCache.Samples.Llama.Tokenizer;

namespace PrefixCache.SampleTests.Tokenizer;

public class BpeTokenizerTests
{
    private static readonly string[] Texts =
        ["the patient was seen in the clinic, the patient's blood pressure was 120/80 mmHg",
            "Übelkeit und Übelkeit; 37,5 °C – naïve 日本語 日本語 日本"];

    private static readonly BpeTokenizer Trained = BpeTokenizer.Train(Texts, 60, "<|end|>", "<|endless|>");

    [Fact]
    public void Encode_AnyUnicodeText_DecodesToItself()
    {
        Gen<string> scalar = Gen.OneOf(
            Gen.Choose(0, 0x7F), Gen.Choose(0x80, 0xD7FF), Gen.Choose(0xE000, 0xFFFF),
            Gen.Choose(0x10000, 0x10FFFF)).Select(char.ConvertFromUtf32);
        Gen<string> part =
            Gen.OneOf(scalar, Gen.Elements(" ", "  ", "\n", "\r\n", "\t ", "the", "patient", " 120", "<|end|>", "<|end", "日本"));
        Gen<string> texts = part.ArrayOf().Select(string.Concat);
        Prop.ForAll(texts.ToArbitrary(), text =>
        {
            int[] ids = Trained.Encode(text);
            return Trained.Decode(ids, skipSpecial: false) == text && ids.All(id => id >= 0 && id < Trained.VocabSize);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Encode_ControlToken_IsOneIdAndLeftOutForPeople()
    {
        int[] ids = Trained.Encode("the<|endless|>the<|end|>");
        Assert.Equal(Trained.VocabSize - 1, ids[1]);
        Assert.Equal(Trained.IdOf("<|end|>"), ids[3]);
        Assert.Equal("thethe", Trained.Decode(ids));
        Assert.Equal("the<|endless|>the<|end|>", Trained.Decode(ids, skipSpecial: false));
    }

    [Fact]
    public void Train_SameTexts_SameTokens()
    {
        BpeTokenizer again = BpeTokenizer.Train(Texts, 60, "<|end|>", "<|endless|>");
        string text = string.Join("\n", Texts) + " something else entirely";
        Assert.Equal(Trained.Encode(text), again.Encode(text));
    }

    [Fact]
    public void Train_MostFrequentPairFirst_GivesExpectedIds()
    {
        // "ab" occurs six times, then "ab" + "c" four times; line ends are pieces of their own.
        BpeTokenizer tokenizer = BpeTokenizer.Train(["abc\nabc\nabc\nabc\nab\nab"], 2);
        Assert.Equal(258, tokenizer.VocabSize);
        Assert.Equal([257], tokenizer.Encode("abc"));
        Assert.Equal([256, 'd'], tokenizer.Encode("abd"));
    }

    [Fact]
    public void Train_NoMerges_OneTokenAByte() =>
        Assert.Equal(Encoding.UTF8.GetBytes("é\0z").Select(b => (int)b), BpeTokenizer.Train([], 0).Encode("é\0z"));

    [Fact]
    public void Encode_LongTextWithoutASpace_FinishesAndDecodes()
    {
        string text = new('a', 200_000);
        BpeTokenizer tokenizer = BpeTokenizer.Train([new string('a', 64)], 10);
        int[] ids = tokenizer.Encode(text);
        Assert.True(ids.Length < text.Length / 8, $"{ids.Length} tokens.");
        Assert.Equal(text, tokenizer.Decode(ids));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(100_000)]
    public void Decode_UnknownId_Refused(int id) =>
        Assert.Throws<LlamaException>(() => Trained.Decode([id]));
}
