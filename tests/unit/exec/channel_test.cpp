#include "exec/channel.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>

namespace windrow::exec {
namespace {

struct Ends {
  Ends() {
    auto [left, right] = make_stream_pair();
    a.emplace(std::move(left));
    b.emplace(std::move(right));
  }
  std::optional<Channel> a, b;
};

TEST(Channel, CarriesMessagesOfAnyLength) {
  Ends ends;
  for (const std::size_t length : {0UL, 1UL, 100UL, 70'000UL, 3'000'000UL}) {
    const std::string sent(length, 'x');
    ends.a->send(sent);
    std::optional<std::string> received;
    while (!(received = ends.b->next())) {
      ends.a->flush();
      ends.b->fill();
    }
    EXPECT_EQ(*received, sent);
    EXPECT_FALSE(ends.a->wants_write());
  }
}

TEST(Channel, NeverWaitsForASlowReader) {
  Ends ends;
  for (int i = 0; i < 1000; ++i) ends.a->send(std::string(10'000, static_cast<char>('a' + i % 26)));
  EXPECT_TRUE(ends.a->wants_write());
  for (int i = 0; i < 1000;) {
    ends.a->flush();
    ends.b->fill();
    for (; const auto message = ends.b->next(); ++i)
      EXPECT_EQ(*message, std::string(10'000, static_cast<char>('a' + i % 26)));
  }
  EXPECT_FALSE(ends.b->next());
}

TEST(Channel, KeepsWhatAPeerSentBeforeItsEnd) {
  Ends ends;
  ends.a->send("last words");
  ends.a.reset();
  ends.b->send("too late");
  EXPECT_FALSE(ends.b->wants_write());
  ends.b->fill();
  ends.b->fill();
  EXPECT_TRUE(ends.b->closed());
  EXPECT_EQ(ends.b->next(), "last words");
  EXPECT_FALSE(ends.b->next());
}

TEST(Channel, DropsHalfAMessage) {
  auto [left, right] = make_stream_pair();
  Channel channel(std::move(right));
  const char half[] = {100, 0, 0, 0, 'x'};
  ASSERT_EQ(::send(left.get(), half, sizeof half, 0), 5);
  left.close();
  channel.fill();
  channel.fill();
  EXPECT_TRUE(channel.closed());
  EXPECT_FALSE(channel.next());
}

TEST(Channel, FinishEndsOneDirectionOnly) {
  Ends ends;
  ends.a->send("bye");
  ends.a->finish();
  ends.b->fill();
  EXPECT_EQ(ends.b->next(), "bye");
  ends.b->fill();
  EXPECT_TRUE(ends.b->closed());
  ends.b->send("answer");
  ends.a->fill();
  EXPECT_EQ(ends.a->next(), "answer");
}

}  // namespace
}  // namespace windrow::exec
