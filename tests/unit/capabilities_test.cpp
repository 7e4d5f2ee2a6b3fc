// The table of capabilities, their names on the command line, and contradictions.
#include "spec/capabilities.hpp"
#include "unit/cli_parsing.hpp"
#include "unit/planning.hpp"

#include <string>

#include <gtest/gtest.h>
#include <linux/capability.h>

namespace sandbox::spec {
namespace {

using cli::parse_words;
using cli::refusal;

constexpr unsigned number(Capability capability) {
    return static_cast<unsigned>(capability);
}
static_assert(number(Capability::chown) == CAP_CHOWN && number(Capability::setgid) == CAP_SETGID &&
              number(Capability::setuid) == CAP_SETUID && number(Capability::net_raw) == CAP_NET_RAW &&
              number(Capability::sys_admin) == CAP_SYS_ADMIN && number(Capability::mknod) == CAP_MKNOD &&
              number(Capability::setfcap) == CAP_SETFCAP && number(Capability::audit_read) == CAP_AUDIT_READ &&
              number(Capability::checkpoint_restore) == CAP_CHECKPOINT_RESTORE);

TEST(Capabilities, EveryNameIsTheOneOfItsNumber) {
    for (std::size_t at = 0; at < capability_count; ++at) {
        EXPECT_EQ(capability_from_name(capability_names.at(at)), static_cast<Capability>(at));
    }
    EXPECT_EQ(capability_from_name("checkpoint_restore"), Capability::checkpoint_restore);
    EXPECT_EQ(capability_from_name("cap_Sys_Admin"), Capability::sys_admin);
    EXPECT_EQ(capability_from_name("CAP_CHOWN"), Capability::chown);
    EXPECT_FALSE(capability_from_name("cap_"));
    EXPECT_FALSE(capability_from_name(""));
    EXPECT_FALSE(capability_from_name("cap_cap_chown"));
}

TEST(Capabilities, Names) {
    EXPECT_EQ(names(CapabilitySet{}), "none");
    EXPECT_EQ(names(CapabilitySet::all()), "all");
    EXPECT_EQ(names({Capability::bpf, Capability::chown}), "chown bpf");
    CapabilitySet most = CapabilitySet::all();
    most.erase({Capability::chown});
    EXPECT_TRUE(names(most).starts_with("dac_override ")) << names(most);
    EXPECT_TRUE(names(most).ends_with(" checkpoint_restore and those of newer kernels")) << names(most);
}

TEST(Capabilities, TheOptionsApplyInTheOrderGiven) {
    const Spec only = parse_words({"--cap-drop", "ALL", "--cap-add", "chown,CAP_KILL"}).spec;
    EXPECT_EQ(only.cap_add, (CapabilitySet{Capability::chown, Capability::kill}));
    EXPECT_EQ((only.cap_drop & only.cap_add), CapabilitySet{});
    const Spec none = parse_words({"--cap-add", "chown", "--cap-drop", "all"}).spec;
    EXPECT_EQ(none.cap_add, CapabilitySet{});
    EXPECT_EQ(none.cap_drop, CapabilitySet::all());
    const Spec most = parse_words({"--cap-add", "ALL", "--cap-drop", "sys_admin", "--cap-drop", "bpf"}).spec;
    EXPECT_EQ(most.cap_drop, (CapabilitySet{Capability::sys_admin, Capability::bpf}));
    EXPECT_FALSE(most.cap_add.contains(Capability::bpf));
    EXPECT_TRUE(most.cap_add.contains(Capability::chown));
}

TEST(Capabilities, AnUnknownNameGetsTheNearest) {
    const Error near = refusal({"--cap-drop", "chown,CAP_NETRAW"});
    EXPECT_EQ(std::string(near.what()), "--cap-drop chown,CAP_NETRAW: CAP_NETRAW is no capability");
    EXPECT_EQ(near.fix(), "did you mean net_raw?");
    const Error far = refusal({"--cap-add", "everything"});
    EXPECT_EQ(far.fix(), "capabilities(7) lists them; ALL is every one");
    EXPECT_EQ(refusal({"--cap-add", "chown,"}).fix(), "capabilities(7) lists them; ALL is every one");
}

TEST(Capabilities, OneCannotBeAddedAndDropped) {
    Spec spec = test::default_spec();
    spec.cap_add = {Capability::chown, Capability::kill};
    spec.cap_drop = {Capability::kill};
    EXPECT_EQ(test::explained(spec),
              "sandbox: --cap-add and --cap-drop: kill would be both added and dropped\n"
              "  fix: name each capability in one of the two\n");
}

}  // namespace
}  // namespace sandbox::spec
