namespace Sluice.Tests.House;

public sealed class MembersTests
{
    [Fact]
    public void A_method_is_measured_from_its_first_line_to_its_closing_brace()
    {
        var members = Members.Of("namespace N;\n\npublic sealed class C(int a)\n{\n    private int x = 1;\n\n    public int M(int y = 2)\n    {\n        if (y > 1)\n        {\n            return x;\n        }\n\n        return a;\n    }\n\n    public int E => x;\n}\n");

        Assert.Equal([new Member("public int M(int y = 2)", 7, 9), new Member("public int E => x", 17, 1)], members);
    }

    [Theory]
    [InlineData("var s = \"{\";")]
    [InlineData("var s = $\"{(a ? \"}\" : \"{\")}}}\";")]
    [InlineData("var s = $\"{{{a}\";")]
    [InlineData("var s = @\"\"\"{\"\"\";")]
    [InlineData("var s = \"\"\"a \" { \"\"\";")]
    [InlineData("var s = $$\"\"\"{ {{a}} \"\"\";")]
    [InlineData("var c = '{'; var d = '\\''; // {")]
    [InlineData("/* { */ var s = \"\\\"{\";")]
    [InlineData("var s = \"\"; var t = \"{\";")]
    public void Braces_in_strings_characters_and_comments_are_no_braces(string statement)
    {
        var members = Members.Of($"class C\n{{\n    void M()\n    {{\n        {statement}\n    }}\n\n    void N()\n    {{\n    }}\n}}\n");

        Assert.Equal([new Member("void M()", 3, 4), new Member("void N()", 8, 3)], members);
    }

    [Fact]
    public void A_table_in_a_field_is_no_method()
    {
        Assert.Empty(Members.Of("class C\n{\n    private readonly int[] table = new[]\n    {\n        1,\n    };\n}\n"));
        Assert.Empty(Members.Of("class C\n{\n    public static Rows All => new()\n    {\n        { 1, M(2) },\n    };\n}\n"));
    }
}
