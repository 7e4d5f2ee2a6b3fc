// The capabilities of a file, as its extended attribute has them: capabilities(7). Pure.
#pragma once

#include <string>
#include <string_view>

namespace sandbox::spec {

/// `security.capability` -> `cap_chown,cap_net_raw=ep cap_kill=i [rootid=1000]`, as getcap(8) has it with `-n`: e if
/// they are in force at once, i for inheritable, p for permitted; the user namespaces in which they count are those
/// whose root the id is, all where none stands there. Words in plain English for none, and for what is no such value.
[[nodiscard]] std::string file_capabilities_text(std::string_view attribute);

}  // namespace sandbox::spec
