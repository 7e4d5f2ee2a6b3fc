// A13 to A16, A27: mounts, namespaces, settings of the kernel, the network.
#include "attack/attack.hpp"

namespace sandbox_attack {
namespace {

using MountsAndNamespaces = sandbox_test::SandboxTest;

TEST_F(MountsAndNamespaces, A13_MakingChangingAndUncoveringMounts) {
    Attack("A13", "making, changing, uncovering mounts").make({.program = "attack_mounts", .ground = "own"});
}

TEST_F(MountsAndNamespaces, A14_FurtherNamespaces) {
    Attack("A14", "new and other namespaces, quotas").make({.program = "attack_namespaces"});
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
