// The tree that the command sees, before the user's own mounts: system directories, private places, homes, cwd. Pure.
#pragma once

#include "host/facts.hpp"
#include "plan/view.hpp"

#include <sandbox/spec.hpp>

#include <string>
#include <vector>

namespace sandbox::plan {

/// Builds the default view (or, with Spec::root, the one over that directory) and then applies the user's mounts.
class DefaultView {
  public:
    DefaultView(const Spec& spec, const host::Facts& facts, const host::Tree& tree, Plan& plan);
    void build();

    [[nodiscard]] const std::string& home() const { return home_; }
    [[nodiscard]] const std::string& cwd() const { return cwd_; }
    [[nodiscard]] const std::vector<std::string>& writable() const { return view_.writable(); }

  private:
    void find_homes();
    void make_root();
    void make_devices();
    void make_proc();
    void make_sys();
    void make_private_places();
    void hide_homes();
    void show_home();
    void show_cwd();
    void apply(const Bind& bind);
    void apply(const Tmpfs& tmpfs);
    void show_resolver_files();
    void choose_cwd();
    [[nodiscard]] bool is_home_or_above(const std::string& canonical, const FileId& id) const;
    [[nodiscard]] bool holds_secrets(const std::string& canonical) const;

    struct Hidden {
        std::string path;  ///< canonical
        FileId id;
    };

    const Spec& spec_;
    const host::Facts& facts_;
    const host::Tree& tree_;
    NamespaceSet fresh_;
    View view_;
    std::string home_;            ///< $HOME inside
    std::vector<Hidden> hidden_;  ///< directories of homes that are not shown
    std::string cwd_ = "/";
    Plan& plan_;
};

/// Masks and read-only binds of /proc and /sys: files of the host that ask for kuid 0, not for a capability.
void protect_kernel_trees(Plan& plan);

}  // namespace sandbox::plan
