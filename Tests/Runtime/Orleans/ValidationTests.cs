using System.Reflection;
using System.Reflection.Emit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans;
using Orleans.Hosting;
using Orleans.Runtime;

namespace Sluice.Tests.Runtime.Orleans;

/// <summary>Types that must be refused are emitted: in the test assembly itself they would keep every silo of these tests from starting.</summary>
public sealed class ValidationTests
{
    private readonly ModuleBuilder _module = AssemblyBuilder.DefineDynamicAssembly(new AssemblyName("Refused"), AssemblyBuilderAccess.Run).DefineDynamicModule("Refused");

    [Fact]
    public void The_types_of_these_tests_are_accepted() => Assert.Empty(GrainTypeValidation.Find(GrainTypes.OfProcess()));

    [Theory]
    [InlineData(typeof(int))]
    [InlineData(typeof(string))]
    [InlineData(typeof(IAsyncResult))]
    public void A_grain_method_that_returns_no_task_is_refused(Type returned)
    {
        Interface("IBad", Method("Get", returned));
        AssertRefused("ORLEANS0009", "IBad.Get");
    }

    [Fact]
    public void A_parameter_without_a_serializer_is_refused()
    {
        var plain = _module.DefineType("Plain", TypeAttributes.Public).CreateType();
        Interface("IBad", Method("Put", typeof(Task), plain));
        AssertRefused("ORLEANS0005", "IBad.Put", "Plain");
    }

    [Fact]
    public void A_result_without_a_serializer_is_refused_inside_a_list_too()
    {
        var plain = _module.DefineType("Plain", TypeAttributes.Public).CreateType();
        Interface("IBad", Method("Get", typeof(Task<>).MakeGenericType(typeof(List<>).MakeGenericType(plain))));
        AssertRefused("ORLEANS0005", "IBad.Get", "Plain");
    }

    [Fact]
    public void A_delegate_parameter_is_refused()
    {
        Interface("IBad", Method("Put", typeof(Task), typeof(Action)));
        AssertRefused("ORLEANS0005", "IBad.Put", "System.Action");
    }

    [Fact]
    public void A_member_without_an_id_is_refused()
    {
        Serializable("Half", null, ("whole", 0), ("missing", null));
        AssertRefused("ORLEANS0004", "Half.missing");
    }

    [Fact]
    public void An_id_used_twice_is_refused()
    {
        Serializable("Twice", null, ("one", 3), ("other", 3));
        AssertRefused("ORLEANS0012", "one, other");
    }

    [Fact]
    public void An_alias_used_twice_is_refused()
    {
        Serializable("First", "Same");
        Serializable("Second", "Same");
        AssertRefused("ORLEANS0011", "First, Second");
    }

    [Fact]
    public void A_method_alias_used_twice_is_refused()
    {
        Interface("IBad", Method("One", typeof(Task)) + Alias("Same"), Method("Two", typeof(Task)) + Alias("Same"));
        AssertRefused("ORLEANS0011", "One, Two");
    }

    [Fact]
    public void A_cancellation_token_that_is_not_last_is_refused()
    {
        Interface("IBad", Method("Put", typeof(Task), typeof(CancellationToken), typeof(int)));
        AssertRefused("ORLEANS0113", "IBad.Put");
    }

    [Fact]
    public async Task A_silo_with_a_refused_type_does_not_start()
    {
        Interface("IBad", Method("Get", typeof(int)));
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton(Types());
        builder.UseOrleans(silo => silo.ConfigureEndpoints(System.Net.IPAddress.Loopback, TestCluster.FreePorts(1)[0], 0));
        using var host = builder.Build();
        var refusal = await Assert.ThrowsAsync<OrleansConfigurationException>(() => host.StartAsync());
        Assert.Contains("IBad.Get", refusal.Message, StringComparison.Ordinal);
    }

    private static Action<MethodBuilder> Alias(string alias) => method => method.SetCustomAttribute(Attribute<AliasAttribute>(alias));

    private static CustomAttributeBuilder Attribute<T>(params object[] arguments) =>
        new(typeof(T).GetConstructor([.. arguments.Select(a => a.GetType())])!, arguments);

    private static MethodPlan Method(string name, Type returned, params Type[] parameters) => new(name, returned, parameters, null);

    private GrainTypes Types() => new([typeof(IAddressable).Assembly, _module.Assembly]);

    private void AssertRefused(params string[] parts)
    {
        var problem = Assert.Single(GrainTypeValidation.Find(Types()));
        Assert.All(parts, part => Assert.Contains(part, problem, StringComparison.Ordinal));
    }

    private void Interface(string name, params MethodPlan[] methods)
    {
        var type = _module.DefineType(name, TypeAttributes.Public | TypeAttributes.Interface | TypeAttributes.Abstract);
        type.AddInterfaceImplementation(typeof(IGrainWithStringKey));
        foreach (var plan in methods)
        {
            var method = type.DefineMethod(plan.Name, MethodAttributes.Public | MethodAttributes.Abstract | MethodAttributes.Virtual | MethodAttributes.HideBySig | MethodAttributes.NewSlot, plan.Returned, plan.Parameters);
            plan.Decorate?.Invoke(method);
        }

        type.CreateType();
    }

    private void Serializable(string name, string? alias, params (string Name, int? Id)[] fields)
    {
        var type = _module.DefineType(name, TypeAttributes.Public);
        type.SetCustomAttribute(Attribute<GenerateSerializerAttribute>());
        if (alias is not null)
        {
            type.SetCustomAttribute(Attribute<AliasAttribute>(alias));
        }

        foreach (var (field, id) in fields)
        {
            var builder = type.DefineField(field, typeof(int), FieldAttributes.Public);
            if (id is { } number)
            {
                builder.SetCustomAttribute(Attribute<IdAttribute>((uint)number));
            }
        }

        type.CreateType();
    }

    private sealed record MethodPlan(string Name, Type Returned, Type[] Parameters, Action<MethodBuilder>? Decorate)
    {
        public static MethodPlan operator +(MethodPlan plan, Action<MethodBuilder> decorate) => plan with { Decorate = decorate };
    }
}
