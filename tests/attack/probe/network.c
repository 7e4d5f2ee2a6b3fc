/* A27: the configuration of the network, by netlink and by ioctl. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attempt.h"

/* A message with room for its attributes. */
struct request {
    struct nlmsghdr header;
    char body[256];
};

static void append(struct request* request, const void* data, size_t length) {
    memcpy((char*)request + request->header.nlmsg_len, data, length);
    request->header.nlmsg_len += (__u32)NLMSG_ALIGN(length);
}

/* Returns the offset at which the attribute begins. */
static size_t append_attribute(struct request* request, int type, const void* data, size_t length) {
    size_t start = request->header.nlmsg_len;
    const struct nlattr attribute = {(__u16)(sizeof attribute + length), (__u16)type};
    append(request, &attribute, sizeof attribute);
    append(request, data, length);
    return start;
}

static long ask(int protocol, struct request* request) {
    struct {
        struct nlmsghdr header;
        struct nlmsgerr error;
        char more[1024];
    } answer;
    int link = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
    if (link < 0) {
        return -1;
    }
    request->header.nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
    if (send(link, request, request->header.nlmsg_len, 0) < 0 || recv(link, &answer, sizeof answer, 0) <= 0) {
        int error = errno;
        close(link);
        return refused(error);
    }
    close(link);
    /* What is no error is what was asked for. */
    const int error = answer.header.nlmsg_type == NLMSG_ERROR ? answer.error.error : 0;
    return error == 0 ? 0 : refused(-error);
}

static struct request begin(int type, int flags) {
    struct request request = {{sizeof request.header, (__u16)type, (__u16)flags, 1, 0}, {0}};
    return request;
}

static long take_loopback_down(void) {
    struct request request = begin(RTM_NEWLINK, 0);
    const struct ifinfomsg link = {.ifi_family = AF_UNSPEC, .ifi_index = 1, .ifi_change = IFF_UP};
    append(&request, &link, sizeof link);
    return ask(NETLINK_ROUTE, &request);
}

static long add_link(const char* kind) {
    struct request request = begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
    const struct ifinfomsg link = {.ifi_family = AF_UNSPEC};
    append(&request, &link, sizeof link);
    size_t start = append_attribute(&request, IFLA_LINKINFO, "", 0);
    append_attribute(&request, IFLA_INFO_KIND, kind, strlen(kind) + 1);
    struct nlattr* info = (struct nlattr*)((char*)&request + start);
    info->nla_len = (__u16)(request.header.nlmsg_len - start);
    return ask(NETLINK_ROUTE, &request);
}
static long add_veth(void) {
    return add_link("veth");
}
static long add_dummy(void) {
    return add_link("dummy");
}

static long add_address(void) {
    struct request request = begin(RTM_NEWADDR, NLM_F_CREATE);
    const struct ifaddrmsg address = {.ifa_family = AF_INET, .ifa_prefixlen = 8, .ifa_index = 1};
    const struct in_addr ten = {htonl(0x0a010203)};
    append(&request, &address, sizeof address);
    append_attribute(&request, IFA_LOCAL, &ten, sizeof ten);
    return ask(NETLINK_ROUTE, &request);
}

static long add_route(void) {
    struct request request = begin(RTM_NEWROUTE, NLM_F_CREATE);
    const struct rtmsg route = {.rtm_family = AF_INET,
                                .rtm_table = RT_TABLE_MAIN,
                                .rtm_protocol = RTPROT_STATIC,
                                .rtm_scope = RT_SCOPE_LINK,
                                .rtm_type = RTN_UNICAST};
    const int loopback = 1;
    if (given_or_null("ground") != NULL) {
        struct request up = begin(RTM_NEWLINK, 0);
        const struct ifinfomsg link = {
            .ifi_family = AF_UNSPEC, .ifi_index = 1, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
        append(&up, &link, sizeof link);
        ask(NETLINK_ROUTE, &up);
    }
    append(&request, &route, sizeof route);
    append_attribute(&request, RTA_OIF, &loopback, sizeof loopback);
    return ask(NETLINK_ROUTE, &request);
}

static long add_queueing(void) {
    struct request request = begin(RTM_NEWQDISC, NLM_F_CREATE);
    const struct tcmsg traffic = {.tcm_family = AF_UNSPEC, .tcm_ifindex = 1, .tcm_parent = 0xFFFFFFFFU /* TC_H_ROOT */};
    append(&request, &traffic, sizeof traffic);
    append_attribute(&request, TCA_KIND, "pfifo", 6);
    return ask(NETLINK_ROUTE, &request);
}

static long ask_firewall(void) {
    struct request request = begin(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN, 0);
    const struct nfgenmsg message = {AF_INET, NFNETLINK_V0, 0};
    append(&request, &message, sizeof message);
    return ask(NETLINK_NETFILTER, &request);
}

static long flush_policies(void) {
    struct request request = begin(XFRM_MSG_FLUSHPOLICY, 0);
    return ask(NETLINK_XFRM, &request);
}

static long set_mtu(void) {
    struct ifreq interface = {.ifr_name = "lo"};
    int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    interface.ifr_mtu = 1500;
    return any < 0 ? -1 : ioctl(any, SIOCSIFMTU, &interface);
}

static long make_tun(void) {
    struct ifreq interface = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    int tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    return tun < 0 ? -1 : ioctl(tun, TUNSETIFF, &interface);
}

static long forward_packets(void) {
    return write_text("/proc/sys/net/ipv4/ip_forward", O_WRONLY, "1");
}

int main(int argc, char** argv) {
    static const struct attempt attempts[] = {
        {"take loopback down", "ownership", take_loopback_down, {0}, never_plain},
        {"add a veth", "ownership", add_veth, {0}, never_plain | needs_kernel},
        {"add a dummy", "ownership", add_dummy, {0}, never_plain | needs_kernel},
        {"add an address", "ownership", add_address, {0}, never_plain},
        {"add a route", "ownership", add_route, {0}, never_plain},
        {"add a queueing discipline", "ownership", add_queueing, {0}, never_plain | needs_kernel},
        {"ask the firewall", "ownership", ask_firewall, {SYS_socket}, never_plain | needs_kernel},
        {"flush the policies of xfrm", "ownership", flush_policies, {SYS_socket}, never_plain | needs_kernel},
        {"set the MTU", "ownership", set_mtu, {0}, never_plain},
        {"make a tun", "mounts", make_tun, {0}, never_plain | needs_kernel},
        {"forward packets", "mounts", forward_packets, {0}, never_plain},
    };
    return RUN_ATTEMPTS(argc, argv, attempts);
}
