using PrefixCache.Samples.Chat.Conversations;
using PrefixCache.Samples.Llama.Tokenizer;

namespace PrefixCache.SampleTests.Chat;

public class ConversationTests
{
    private const string System = "You are a patient neighbour.";

    private static readonly ConversationScript Script = new("soup", ["What soup?", "How long?", "And bread?"]);

    private static readonly BpeTokenizer Tokenizer = BpeTokenizer.Train([System, .. Script.Messages], 60);

    [Fact]
    public void Ask_SecondTurn_BeginsWithTheFirstPromptAndItsVeryAnswer()
    {
        Conversation conversation = New();
        int[] first = conversation.Ask();
        // No tokenizer gives these ids for the text that they stand for.
        int[] answer = [104, 101, 108, 108, 111];
        conversation.Answer(answer);
        int[] second = conversation.Ask();
        Assert.Equal([.. first, .. answer], second[..(first.Length + answer.Length)]);
        Assert.Equal(Tokenizer.Encode("\n\nUser:\nHow long?\n\nMarlo:\n"), second[(first.Length + answer.Length)..]);
    }

    [Fact]
    public void Ask_FirstTurn_IsTheSystemPromptAndTheMessage()
    {
        Conversation conversation = New();
        int[] prompt = conversation.Ask();
        Assert.Equal(System + "\n\nUser:\nWhat soup?\n\nMarlo:\n", Tokenizer.Decode(prompt));
        Assert.Equal(System, Tokenizer.Decode(prompt[..conversation.SystemTokens]));
    }

    [Fact]
    public void Ask_NoMessageLeft_SaysHowManyThereAre()
    {
        Conversation conversation = New();
        for (int turn = 0; turn < 3; turn++) conversation.Ask();
        InvalidOperationException error = Assert.Throws<InvalidOperationException>(() => conversation.Ask());
        Assert.Contains("no more than 3", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(-1, 0)]
    [InlineData(2, 2)]
    [InlineData(5, 5)]
    [InlineData(9, 5)]
    public void OfLastAnswer_HitEndsAnywhere_CountsWhatLiesInTheAnswer(int behindPrompt, int expected)
    {
        Conversation conversation = New();
        int prompt = conversation.Ask().Length;
        Assert.Equal(0, conversation.OfLastAnswer(prompt - 1));
        conversation.Answer([1, 2, 3, 4, 5]);
        conversation.Ask();
        Assert.Equal(expected, conversation.OfLastAnswer(prompt + behindPrompt));
    }

    [Fact]
    public void Capacity_FullAnswers_IsTheLengthAtTheEnd()
    {
        Conversation conversation = New();
        int end = 0;
        for (int turn = 0; turn < 2; turn++)
        {
            end = conversation.Ask().Length + 5;
            conversation.Answer([1, 2, 3, 4, 5]);
        }
        Assert.Equal(end, conversation.Capacity(turns: 2, answerTokens: 5));
    }

    [Fact]
    public void Load_AllTexts_LongSystemPromptAndEnoughMessages()
    {
        ChatTexts texts = ChatTexts.Load();
        Assert.Equal(6, texts.Scripts.Count);
        Assert.Equal(8, texts.Turns);
        Assert.All(texts.Scripts.SelectMany(script => script.Messages), message => Assert.InRange(message.Length, 20, 250));
        Assert.InRange(texts.System.Length, 2500, 5000);
    }

    private static Conversation New() => new(System, Script, Tokenizer);
}
