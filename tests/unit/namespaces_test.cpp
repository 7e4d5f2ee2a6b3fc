// The namespace table, and which kinds a Spec makes.
#include "spec/namespaces.hpp"

#include <cstddef>
#include <set>
#include <string>

#include <gtest/gtest.h>
#include <linux/sched.h>

namespace sandbox::spec {
namespace {

constexpr NamespaceSet all_but_time{Namespace::mnt, Namespace::pid,    Namespace::uts, Namespace::ipc,
                                    Namespace::net, Namespace::cgroup, Namespace::user};

TEST(NamespaceTable, RowsAreInTheOrderOfTheEnum) {
    for (std::size_t i = 0; i < namespace_count; ++i) {
        EXPECT_EQ(static_cast<std::size_t>(namespace_table[i].kind), i);
        EXPECT_EQ(&row(namespace_table[i].kind), &namespace_table[i]);
    }
}

TEST(NamespaceTable, NamesFlagsAndQuotas) {
    const struct {
        Namespace kind;
        const char* name;
        std::uint64_t flag;
    } expected[] = {
        {Namespace::mnt, "mnt", CLONE_NEWNS},     {Namespace::pid, "pid", CLONE_NEWPID},
        {Namespace::uts, "uts", CLONE_NEWUTS},    {Namespace::ipc, "ipc", CLONE_NEWIPC},
        {Namespace::net, "net", CLONE_NEWNET},    {Namespace::cgroup, "cgroup", CLONE_NEWCGROUP},
        {Namespace::user, "user", CLONE_NEWUSER}, {Namespace::time, "time", CLONE_NEWTIME},
    };
    static_assert(std::size(expected) == namespace_count);
    for (const auto& [kind, kind_name, flag] : expected) {
        EXPECT_EQ(name(kind), kind_name);
        EXPECT_EQ(row(kind).clone_flag, flag) << kind_name;
        EXPECT_EQ(row(kind).quota, "max_" + std::string(kind_name) + "_namespaces");
        EXPECT_EQ(namespace_from_name(kind_name), kind);
    }
}

TEST(NamespaceTable, OtherWordsAreNoNames) {
    for (const char* word : {"", "mount", "network", "MNT", "mn", "mntx", " mnt", "user "}) {
        EXPECT_EQ(namespace_from_name(word), std::nullopt) << word;
    }
}

TEST(NamespaceSet, HoldsWhatWasInserted) {
    NamespaceSet set;
    EXPECT_TRUE(set.empty());
    set.insert(Namespace::time);
    set.insert(Namespace::mnt);
    set.insert(Namespace::mnt);
    EXPECT_EQ(set, (NamespaceSet{Namespace::mnt, Namespace::time}));
    EXPECT_TRUE(set.contains(Namespace::time));
    EXPECT_FALSE(set.contains(Namespace::user));
    set.erase(Namespace::mnt);
    set.erase(Namespace::mnt);
    EXPECT_EQ(set, NamespaceSet{Namespace::time});
}

TEST(NamespaceSet, Names) {
    EXPECT_EQ(names({}), "");
    EXPECT_EQ(names({Namespace::time}), "time");
    EXPECT_EQ(names({Namespace::user, Namespace::mnt}), "mnt user") << "in the order of the enum";
    EXPECT_EQ(names(all_but_time), "mnt pid uts ipc net cgroup user");
}

TEST(FreshNamespaces, AllButTimeByDefault) {
    EXPECT_EQ(fresh_namespaces({}), all_but_time);
}

TEST(FreshNamespaces, ShareTakesAway) {
    Spec spec;
    spec.share = {Namespace::pid, Namespace::uts};
    EXPECT_EQ(names(fresh_namespaces(spec)), "mnt ipc net cgroup user");
}

TEST(FreshNamespaces, TheHostsNetwork) {
    Spec spec;
    spec.network = Network::host;
    EXPECT_EQ(names(fresh_namespaces(spec)), "mnt pid uts ipc cgroup user");
}

TEST(FreshNamespaces, OnlyTheseBesideUserAndMnt) {
    Spec spec;
    for (const NamespaceRow& candidate : namespace_table) {
        spec.only = NamespaceSet{candidate.kind};
        EXPECT_EQ(fresh_namespaces(spec), (NamespaceSet{Namespace::user, Namespace::mnt, candidate.kind}))
            << candidate.name;
    }
    spec.only = NamespaceSet{};
    EXPECT_EQ(names(fresh_namespaces(spec)), "mnt user");
}

TEST(FreshNamespaces, AnOffsetMakesATimeNamespace) {
    Spec spec;
    spec.boottime_offset = 0;
    EXPECT_TRUE(fresh_namespaces(spec).contains(Namespace::time)) << "also of zero: it was asked for";
    spec.boottime_offset.reset();
    spec.monotonic_offset = -1;
    EXPECT_TRUE(fresh_namespaces(spec).contains(Namespace::time));
    spec.only = NamespaceSet{};
    EXPECT_EQ(names(fresh_namespaces(spec)), "mnt user time");
}

}  // namespace
}  // namespace sandbox::spec
