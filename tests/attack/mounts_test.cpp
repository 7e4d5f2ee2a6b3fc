// A13 to A16, A27: mounts, namespaces, settings of the kernel, the network.
#include <filesystem>

#include "attack/attack.hpp"
#include "attack/snapshot.hpp"

namespace sandbox_attack {
namespace {

using MountsAndNamespaces = sandbox_test::SandboxTest;

TEST_F(MountsAndNamespaces, A13_MakingChangingAndUncoveringMounts) {
    Attack("A13", "making, changing, uncovering mounts").make({.program = "attack_mounts", .ground = "own"});
}

TEST_F(MountsAndNamespaces, A14_FurtherNamespaces) {
    Attack("A14", "new and other namespaces, quotas").make({.program = "attack_namespaces"});
}

// The command may mount there what it likes. What came from outside is locked in it.
TEST_F(MountsAndNamespaces, A15_MountsInANestedNamespace) {
    const std::string tree = directory() / "tree";
    const std::string shown = directory() / "shown";
    std::string before;
    Probe masked{.program = "attack_nested",
                 .arguments = {"place=" + tree + "/hidden", "secret=file", "parent=" + tree, "kept=" + tree + "/kept",
                               "shown=" + shown},
                 .run = {.sandbox = {"--allow-namespaces", "user,mnt,pid,net", "--rw", tree, "--hide", tree + "/hidden",
                                     "--ro", tree + "/kept", "--ro", shown}},
                 .ground = "own"};
    masked.prepare = [&] {
        std::filesystem::remove_all(tree);
        std::filesystem::remove_all(shown);
        for (const std::string& place : {tree + "/hidden", tree + "/kept", shown + "/upper", shown + "/work"}) {
            std::filesystem::create_directories(place);
        }
        sandbox_test::write_file(tree + "/hidden/file", "marker");
        sandbox_test::write_file(tree + "/kept/file", "text");
        sandbox_test::write_file(shown + "/file", "text");
        before = snapshot(directory().path());
    };
    masked.judge = [&](Answers&) { EXPECT_EQ(snapshot(directory().path()), before); };
    Attack attack("A15", "mounts in a nested namespace");
    attack.make(masked);
    attack.make({.program = "attack_nested",
                 .arguments = {"of=rebuilt", "place=/srv/shown", "secret=hidden/file", "parent=/srv"},
                 .run = {.sandbox = {"--allow-namespaces", "user,mnt", "--hide", "/srv/shown/hidden"}},
                 .host = "mount -t tmpfs host /srv; mkdir -p /srv/shown/hidden; echo marker >/srv/shown/hidden/file",
                 .ground = "own"});
}

TEST_F(MountsAndNamespaces, A16_SettingsOfTheKernel) {
    Attack("A16", "settings of the kernel, cgroups").make({.program = "attack_settings", .ground = "plain"});
}

TEST_F(MountsAndNamespaces, A26_WhatTheKernelTells) {
    Attack("A26", "what the kernel tells about itself")
        .make({.program = "attack_settings", .arguments = {"of=secrets"}, .ground = "plain"});
}

TEST_F(MountsAndNamespaces, A27_ConfiguringTheNetwork) {
    Attack("A27", "configuring the network").make({.program = "attack_network", .ground = "own"});
}

}  // namespace
}  // namespace sandbox_attack
